"""Reads a drill at FAULTLINE_URL: lists, then the stream, which is cut off once and must go on."""

import os

import faultline

api = faultline.Client(os.environ["FAULTLINE_URL"])
incidents = list(api.pages("/v1/incidents", "incidents", cause="cdn:fastly", limit=1))
assert incidents and incidents[0]["cause"]["component"] == "cdn:fastly", incidents
sites = [site["site"] for _, site in zip(range(60), api.pages("/v1/sites", "sites", limit=25))]
assert len(sites) == len(set(sites)) == 60, sites
assert api.report("https://www.bbc.co.uk/news", "http_503")["site"] == "bbc.co.uk"
try:
    api.get("/v1/incidents", limit=1000)
    raise AssertionError("a limit of 1000 was taken")
except faultline.Problem as problem:
    assert problem.status == 400 and problem.body["errors"][0]["parameter"] == "limit", problem

faultline.FIRST_PAUSE = 0.1
asked, taken = [], faultline._events


def cut_once(lines):
    """The events of a connection, of which the first one breaks behind its first position."""
    asked.append(None)
    for event in taken(lines):
        yield event
        if len(asked) == 1 and event.id:
            raise ConnectionResetError("cut off")


faultline._events = cut_once
revisions = []
for event in api.follow(cause="cdn:fastly"):
    if event.type == "incident":
        revisions.append(event.data["revision"])
    if len(asked) > 1 and len(revisions) > 1:
        break
assert revisions == sorted(set(revisions)), revisions
print("clients/python:", incidents[0]["title"], "revisions", revisions, "cut off once")
