"""`clawgym`, whose personas want what the scripted endpoint can play; run as a program."""

from clawgym.cli import main
from synth.authoring import commissioning
from tests.synth.authoring.plays import commission

commissioning.persona_commissions = lambda seed: commission
commissioning.personas = lambda seed: lambda index: f"Person {index}"

if __name__ == "__main__":
    main()
