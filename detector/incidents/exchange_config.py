"""With which other instances cases are exchanged."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"


class PeerConfig(BaseModel):
    """Another instance that may send us its cases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=_NAME)
    """What it calls itself (its `exchange.instance`)."""

    key: str | None = Field(default=None, min_length=1, max_length=64)
    """Name of the API key (scope `exchange`) that it uses here; None: the peer's name."""

    divisions: frozenset[str] | None = None
    """Its cases are taken only where the grid code, or the component's county, begins with one of
    these; None: from everywhere."""

    @property
    def key_name(self) -> str:
        return self.key or self.name

    def may_send_from(self, area: str | None) -> bool:
        if self.divisions is None:
            return True
        return area is not None and any(area.startswith(each) for each in self.divisions)


class ExchangeConfig(BaseModel):
    """City and county: who we are and who may send us cases."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: str | None = Field(default=None, pattern=_NAME)
    """Our own name, the same everywhere; goes with each case, so that it never comes back."""

    peers: tuple[PeerConfig, ...] = ()

    @model_validator(mode="after")
    def _names_are_clear(self) -> ExchangeConfig:
        if self.peers and self.instance is None:
            raise ValueError("peers need an instance name of our own beside them")
        for kind in ("name", "key_name"):
            names = [getattr(peer, kind) for peer in self.peers]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"peers: {', '.join(twice)} stands there twice")
        if self.instance in [peer.name for peer in self.peers]:
            raise ValueError(f"peers: {self.instance} is our own name")
        return self

    def peer_of_key(self, key_name: str) -> PeerConfig | None:
        return next((peer for peer in self.peers if peer.key_name == key_name), None)
