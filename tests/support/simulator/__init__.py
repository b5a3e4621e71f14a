"""Amazon on this machine: a stateful simulator of the operations that ordertui uses, checked against Amazon's own
models.

Start it with `make simulator`; docs/connector.md says how to point ordertui at it.
"""

from .amazon import Amazon
from .contract import Contract, ContractBroken
from .server import Simulator

__all__ = ["Amazon", "Contract", "ContractBroken", "Simulator"]
