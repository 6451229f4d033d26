"""Reads Faultline: requests, lists in pages, and a stream that resumes.

Python 3.9 and the standard library are all that it needs.
"""

import json
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Iterator, NamedTuple, Optional

TIMEOUT = 30  # seconds for a request; a comment every 15 seconds shows that a stream lives
FIRST_PAUSE = 1.0  # seconds before a stream is opened again
LONGEST_PAUSE = 60.0


class Problem(Exception):
    """An answer that is no success (RFC 9457)."""

    def __init__(self, status: int, body: dict, retry_after: Optional[float]):
        super().__init__(f"{status}: {body.get('detail', 'refused')} {body.get('errors', '')}".strip())
        self.status, self.body, self.retry_after = status, body, retry_after


class Event(NamedTuple):
    """One event of the stream: type is incident, coverage or reset."""

    type: str
    data: Any
    id: Optional[str]


class Client:
    """Reads one Faultline, such as https://faultline.example."""

    def __init__(self, base: str, token: Optional[str] = None):
        self.base, self.token = base.rstrip("/"), token

    def get(self, path: str, **query: Any) -> Any:
        """The answer of one address, such as /v1/summary."""
        with self._open("GET", path, query) as answer:
            return json.load(answer)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Sends JSON, such as a report to /v1/reports, and returns the answer or None."""
        with self._open(method, path, {}, body=body) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def report(self, site: str, symptom: str = "") -> Any:
        """Says that a site does not work for whoever runs this."""
        return self.send("POST", "/v1/reports", {"site": site, "symptom": symptom})

    def pages(self, path: str, member: str, **query: Any) -> Iterator[Any]:
        """The items of a list, page by page: the member of /v1/incidents is incidents."""
        while True:
            page = self.get(path, **query)
            yield from page[member]
            if page.get("next") is None:
                return
            query["cursor"] = page["next"]

    def follow(self, **query: Any) -> Iterator[Event]:
        """What is open now, then each change as it happens, without an end."""
        last, pause = None, FIRST_PAUSE
        while True:
            wait = pause
            try:
                asked = query if last else {**query, "snapshot": 1}
                with self._open("GET", "/v1/stream", asked, last=last) as answer:
                    pause = wait = FIRST_PAUSE
                    for event in _events(answer):
                        last = event.id or last
                        if event.type in ("incident", "coverage", "reset"):
                            yield event
            except Problem as problem:
                if problem.status < 500 and problem.status != 429:
                    raise
                wait = max(pause, problem.retry_after or 0)
            except OSError:
                pass  # the connection broke: it is opened again
            time.sleep(wait / 2 + random.random() * wait)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _open(self, method: str, path: str, query: dict, body: Any = None, last: Optional[str] = None) -> Any:
        address = self.base + path
        if query:
            address += "?" + urllib.parse.urlencode(query)
        headers = {"Accept": "*/*"}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if last:
            headers["Last-Event-ID"] = last
        sent = None
        if body is not None:
            sent, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(address, data=sent, headers=headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as answer:
            raise _problem(answer) from None


def _problem(answer: urllib.error.HTTPError) -> Problem:
    try:
        body = json.load(answer)
    except ValueError:
        body = {}
    after = answer.headers.get("Retry-After", "")
    return Problem(answer.code, body, float(after) if after.isdigit() else None)


def _events(lines: Any) -> Iterator[Event]:
    """Takes server-sent events apart (HTML Living Standard, section 9.2)."""
    kind, data, position = "", [], None
    for raw in lines:
        line = raw.decode().rstrip("\r\n")
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if line == "":
            if kind or data:
                text = "\n".join(data)
                yield Event(kind, json.loads(text) if kind in ("incident", "coverage") else text, position)
            kind, data, position = "", [], None
        elif field == "event":
            kind = value
        elif field == "data":
            data.append(value)
        elif field == "id":
            position = value
