"""Not a file left: as many empty ones as the disk lets be."""

from stage import ROOT, attempt


def fill():
    (ROOT / "many").mkdir()
    for number in range(200_000):
        (ROOT / "many" / str(number)).touch()


attempt(fill)
