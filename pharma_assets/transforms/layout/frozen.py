"""What all models of a layout have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A model that nobody changes, and that refuses keys which it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
