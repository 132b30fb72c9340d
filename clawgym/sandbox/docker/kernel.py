"""What the kernel can be asked for only through the C library, inside the container.

Sent into the container, as `agent`, whose part this is. A Python without `ctypes` has to do
without: then Docker's own filter of system calls is the only one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

_CAPBSET_DROP, _SET_SECCOMP, _MODE_FILTER = 24, 22, 2  # from linux/prctl.h, linux/seccomp.h
_CAPABILITIES = 64
_INSTRUCTION = 8


class Kernel:
    """`prctl`, and a filter of system calls to be installed by it."""

    def __init__(self, library: ctypes.CDLL, filter_program: ctypes.Structure) -> None:
        self._library = library
        self._filter = filter_program

    @classmethod
    def load(cls, seccomp: bytes) -> Kernel | None:
        """None where there is no filter for this machine, or no `ctypes`."""
        try:
            import ctypes  # noqa: PLC0415 - not every image has it
        except ImportError:
            return None

        class Program(ctypes.Structure):
            """`struct sock_fprog`."""

            _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))

        if not seccomp:
            return None
        library = ctypes.CDLL(None, use_errno=True)
        return cls(library, Program(len(seccomp) // _INSTRUCTION, seccomp))

    def drop_bounding_set(self) -> None:
        """Make sure that nothing started from here on can ever have a capability."""
        for capability in range(_CAPABILITIES):
            with suppress(OSError):  # there are not that many
                self._control(_CAPBSET_DROP, capability)

    def filter_calls(self) -> None:
        """Put the calling process, and all that it starts, behind the filter.

        Raises:
            OSError: the kernel has no such filters.
        """
        import ctypes  # noqa: PLC0415 - it is there, or there would be no `Kernel`

        self._control(_SET_SECCOMP, _MODE_FILTER, ctypes.byref(self._filter))

    def _control(self, *arguments: object) -> None:
        import ctypes  # noqa: PLC0415

        if self._library.prctl(*arguments, 0, 0, 0):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
