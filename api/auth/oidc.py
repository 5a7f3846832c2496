"""Signing in with the city's own accounts: OpenID Connect, code flow with PKCE."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.auth.errors import AccessError
from api.auth.role import Role
from detector.types import ConfigError

_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
_WAIT_S: Final = 600.0
_MOST_WAITING: Final = 10_000
_LEEWAY_S: Final = 30
_TIMEOUT_S: Final = 10.0
_RANK: Final = list(Role)


class OidcError(AccessError):
    """The provider, or what it said, is not accepted. `word` tells the page which text to show."""

    def __init__(self, message: str, word: str = "failed") -> None:
        super().__init__(message)
        self.word = word


class OidcConfig(BaseModel):
    """The provider, and which of its people may what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    """As the provider writes it; `/.well-known/openid-configuration` is looked for below it."""

    client_id: str = Field(min_length=1)
    client_secret_env: str = ""
    """Variable with the client's secret; empty: a public client, guarded by PKCE alone."""

    label: str = Field(default="", max_length=60)
    """What stands on the button of the sign-in page."""

    public_url: str = ""
    """Address under which people reach the service, such as `https://xunjie.city.example`; empty:
    the address that the browser asked for."""

    scopes: tuple[str, ...] = ("openid", "profile")
    name_claim: str = "preferred_username"
    """Must be one that the provider never gives to somebody else; `sub` always is."""

    role_claim: str = "groups"
    """A value or a list; `realm_access.roles` goes into objects."""

    roles: dict[str, Role] = Field(default_factory=dict)
    """Role by value of the claim; with several the one that may most."""

    default_role: Role | None = None
    """For who has none of these; None: they are turned away."""

    @field_validator("issuer", "public_url")
    @classmethod
    def _guarded(cls, url: str) -> str:
        parts = urlsplit(url)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if url and not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise ValueError("must begin with https://")
        return url.rstrip("/") if url == url.rstrip("/") + "/" and parts.path == "/" else url


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom the provider has named."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    verifier: str
    nonce: str
    redirect_uri: str
    until_s: float


class Oidc:
    """One provider. Safe between threads; raises OidcError for whatever it cannot accept."""

    def __init__(self, config: OidcConfig) -> None:
        """Raises ConfigError where the library or the secret is missing."""
        try:
            import jwt
        except ImportError as error:
            raise ConfigError("access.oidc: needs the extra: pip install xunjie[oidc]") from error
        self._jwt = jwt
        self.config = config
        self._secret = os.environ.get(config.client_secret_env, "")
        if config.client_secret_env and not self._secret:
            raise ConfigError(f"access.oidc: the variable {config.client_secret_env} is not set")
        self._http = httpx.Client(timeout=_TIMEOUT_S)
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: dict[str, Any] = {}
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()

    def begin(self, redirect_uri: str) -> tuple[str, str]:
        """The provider's address to send the browser to, and the state that must come back."""
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.config.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        address = str(self._provider()["authorization_endpoint"])
        until_s = time.monotonic() + _WAIT_S
        with self._lock:
            self._waiting[state] = _Waiting(
                verifier=verifier, nonce=nonce, redirect_uri=redirect_uri, until_s=until_s
            )
            while len(self._waiting) > _MOST_WAITING:
                self._waiting.popitem(last=False)
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", state

    def finish(self, state: str, code: str) -> Person:
        """Takes the code for the person's claims; each state opens once."""
        with self._lock:
            waiting = self._waiting.pop(state, None)
        if waiting is None or time.monotonic() >= waiting.until_s:
            raise OidcError("this sign-in has run out, or was finished before", "expired")
        claims = self._claims(self._token(code, waiting), waiting.nonce)
        name = claims.get(self.config.name_claim)
        if not isinstance(name, str) or not name.strip():
            raise OidcError(f"the provider told no {self.config.name_claim}")
        role = role_of(claims, self.config)
        if role is None:
            raise OidcError(f"{name[:64]} has no role here", "no_role")
        return Person(name=name, role=role)

    def _provider(self) -> dict[str, Any]:
        if not self._metadata:
            path = self.config.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = self._json("GET", path)
            if found.get("issuer") != self.config.issuer:
                raise OidcError("the provider names another issuer than the configuration")
            for needed in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not isinstance(found.get(needed), str):
                    raise OidcError(f"the provider tells no {needed}")
            self._metadata = found
        return self._metadata

    def _token(self, code: str, waiting: _Waiting) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": waiting.redirect_uri,
            "client_id": self.config.client_id,
            "code_verifier": waiting.verifier,
        }
        if self._secret:
            form["client_secret"] = self._secret
        token = self._json("POST", self._provider()["token_endpoint"], form).get("id_token")
        if not isinstance(token, str):
            raise OidcError("the provider sent no id_token")
        return token

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        jwt = self._jwt
        try:
            key = self._key(jwt.get_unverified_header(token).get("kid"))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=self.config.client_id,
                issuer=self.config.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except jwt.PyJWTError as error:
            raise OidcError(f"the id_token is not valid: {error}") from error
        if not secrets.compare_digest(str(claims.get("nonce", "")), nonce):
            raise OidcError("the id_token belongs to another sign-in")
        if claims.get("azp", self.config.client_id) != self.config.client_id:
            raise OidcError("the id_token was made for another client")
        return claims

    def _key(self, kid: Any) -> Any:
        """The provider's keys change: an unknown one is asked for once more."""
        if kid not in self._keys:
            found = self._json("GET", self._provider()["jwks_uri"]).get("keys", [])
            keys = [self._jwt.PyJWK.from_dict(key) for key in found if key.get("use") != "enc"]
            self._keys = {key.key_id or "": key for key in keys}
            if kid is None and len(keys) == 1:
                return keys[0]
        if kid not in self._keys:
            raise OidcError("the id_token is signed with a key that the provider does not name")
        return self._keys[kid]

    def _json(self, method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = self._http.request(
                method, url, data=form, headers={"Accept": "application/json"}
            )
            answer.raise_for_status()
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            place = urlsplit(url).netloc
            raise OidcError(f"the provider {place} did not answer as it should", "away") from error
        if not isinstance(told, dict):
            raise OidcError("the provider's answer is no JSON object")
        return told


def role_of(claims: Mapping[str, Any], config: OidcConfig) -> Role | None:
    """The role that may most among those that the claim's values stand for."""
    value: Any = claims
    for part in config.role_claim.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    values = value if isinstance(value, list) else [value]
    found = [
        config.roles[each] for each in values if isinstance(each, str) and each in config.roles
    ]
    return max(found, key=_RANK.index, default=config.default_role)
