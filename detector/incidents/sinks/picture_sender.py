"""Hands a case's pictures over before the letter that names them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from detector.incidents.sinks.http_call import HttpCaller
from detector.types import DeliveryRefused, DeliveryUnavailable

_REMEMBERED: Final = 10_000


class PictureSender:
    """PUT BASE/CASE/SHA256, each once: the receiver is asked (GET) whether it has one, and what
    it took stays remembered while the process lives."""

    def __init__(self, caller: HttpCaller, base_url: str, folder: Path, name: str) -> None:
        self._caller = caller
        self._base = base_url.rstrip("/")
        self._folder = folder
        self._name = name
        self._taken: dict[str, None] = {}

    def send(self, record: dict[str, Any], headers: dict[str, str]) -> None:
        """A picture that has passed its retention is left out: the letter names it all the same.
        Raises DeliveryUnavailable, or DeliveryRefused for one whose bytes have changed."""
        for item in record["evidence"]:
            url = f"{self._base}/{record['case_id']}/{item['sha256']}"
            if url in self._taken:
                continue
            if not self._caller.call("GET", url, headers=headers).success:
                data = self._read(item)
                if data is None:
                    continue
                typed = {**headers, "Content-Type": str(item["media_type"])}
                self._caller.demand_success(
                    self._caller.call("PUT", url, headers=typed, content=data)
                )
            self._remember(url)

    def _remember(self, url: str) -> None:
        self._taken[url] = None
        if len(self._taken) > _REMEMBERED:
            self._taken.pop(next(iter(self._taken)))

    def _read(self, item: dict[str, Any]) -> bytes | None:
        try:
            data: bytes = (self._folder / item["key"]).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DeliveryUnavailable(f"{self._name}: {item['key']}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != item["sha256"]:
            raise DeliveryRefused(f"{self._name}: the picture {item['key']} has been changed")
        return data
