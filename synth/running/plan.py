"""What a run is to make: how many tasks, proven how, balanced how."""

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from synth.gates import FULL, Profile, Source


class Plan(BaseModel):
    """Everything but the source that decides a dataset.

    Attributes:
        wanted: tasks to accept.
        profile: the gates.
        caps: the most tasks of one value of a label, such as `{"subcategory": 400}`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    wanted: Annotated[int, Field(ge=1)]
    profile: Profile = FULL
    caps: dict[str, Annotated[int, Field(ge=1)]] = {}

    def fingerprint(self, source: Source) -> str:
        """What two runs must share to make the same dataset."""
        text = f"{source.fingerprint}\0{source.generator}\0{self.model_dump_json()}"
        return hashlib.sha256(text.encode()).hexdigest()
