"""Outputs that unpack to thousands of times their size."""

import gzip
import io
import zipfile

from stage import OUTPUTS, put

packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    for number in range(20):
        archive.writestr(f"../{number}.json", bytes(10_000_000))
for number, path in enumerate(OUTPUTS):
    put(path, packed.getvalue() if number % 2 else gzip.compress(bytes(50_000_000)))
