"""Integers whose digits take quadratic time to read."""

from stage import put_outputs

put_outputs('[{"id": ' + "9" * 1_500_000 + "}]")
