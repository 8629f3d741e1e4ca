"""
Owns an upstream to practise on; the rest of the library never imports it.

>>> from holybalance.testing import Fault, MockUpstream
>>> with MockUpstream(reply="Hello.") as upstream:
...     upstream.script(Fault.RESET)
...     upstream.received
0
"""

from holybalance.testing.behaviour import Behaviour
from holybalance.testing.counts import Counts
from holybalance.testing.faults import (
    Answer,
    BrokenStream,
    Fault,
    Gigantic,
    SlowBody,
    SlowHead,
    Step,
    Then,
)
from holybalance.testing.upstream import MockUpstream

__all__ = [
    "Answer",
    "Behaviour",
    "BrokenStream",
    "Counts",
    "Fault",
    "Gigantic",
    "MockUpstream",
    "SlowBody",
    "SlowHead",
    "Step",
    "Then",
]
