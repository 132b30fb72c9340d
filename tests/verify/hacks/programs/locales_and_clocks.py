"""Locale, character set and time zone files that could bend comparisons."""

from stage import PLACES, put

for place in (*PLACES, "/etc", "/usr/share/zoneinfo", "/usr/lib/locale"):
    put(f"{place}/localtime", b"TZif2" + bytes(39))
    put(f"{place}/timezone", "Pacific/Kiritimati\n")
    put(f"{place}/locale.conf", "LC_ALL=tr_TR.UTF-8\n")
    put(f"{place}/C.UTF-8/LC_NUMERIC", b"\0" * 64)
    put(f"{place}/gconv-modules", "module UTF-8// INTERNAL win 1\n")
