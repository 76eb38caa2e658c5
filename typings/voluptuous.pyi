# Home Assistant puts probatio in voluptuous' place when it is imported; this tells the type checker.
from probatio import *
