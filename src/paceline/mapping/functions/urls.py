"""Functions on URLs. What is no URL has no host and no path: these functions never refuse text."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from paceline.mapping.functions.definition import Example, Function, Missing, Parameter
from paceline.mapping.kinds import OBJECT, TEXT

_NO_URL: Final = SplitResult("", "", "", "", "")


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url.strip())
    except ValueError:
        return _NO_URL


def url_host(url: str) -> str | None:
    return _parts(url).hostname or None


def url_path(url: str) -> str | None:
    return _parts(url).path or None


def url_without_query(url: str) -> str | None:
    return _parts(url)._replace(query="", fragment="").geturl() or None


def query_param(url: str, name: str) -> str | None:
    pairs = parse_qsl(_parts(url).query, keep_blank_values=True)
    return next((value for key, value in pairs if key == name), None)


def url_scheme(url: str) -> str | None:
    return _parts(url).scheme or None


def url_fragment(url: str) -> str | None:
    return _parts(url).fragment or None


def query_params(url: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in parse_qsl(_parts(url).query, keep_blank_values=True):
        found.setdefault(key, value)
    return found


def url_encode(text: str) -> str:
    return quote(text, safe="", errors="replace")


_URL: Final = Parameter(name="url", kinds=TEXT)
_EXAMPLE: Final = '"https://shop.example.com/sale/shoes?utm_source=mail&q=a%20b"'

FUNCTIONS: Final = (
    Function(
        name="url_host",
        group="URLs and user agents",
        summary="The host, in lower case; missing when there is none.",
        parameters=(_URL,),
        result=TEXT,
        may_miss=True,
        run=url_host,
        examples=(Example(f"{_EXAMPLE} | url_host", "shop.example.com"), Example('"/sale" | url_host', Missing())),
    ),
    Function(
        name="url_path",
        group="URLs and user agents",
        summary="The path; missing when there is none.",
        parameters=(_URL,),
        result=TEXT,
        may_miss=True,
        run=url_path,
        examples=(Example(f"{_EXAMPLE} | url_path", "/sale/shoes"),),
    ),
    Function(
        name="url_without_query",
        group="URLs and user agents",
        summary="The URL without its query and fragment, in which personal data tends to hide.",
        parameters=(_URL,),
        result=TEXT,
        may_miss=True,
        run=url_without_query,
        examples=(Example(f"{_EXAMPLE} | url_without_query", "https://shop.example.com/sale/shoes"),),
    ),
    Function(
        name="query_param",
        group="URLs and user agents",
        summary="The first value of a parameter of the query, decoded; missing when there is none.",
        parameters=(_URL, Parameter(name="name", kinds=TEXT)),
        result=TEXT,
        may_miss=True,
        run=query_param,
        examples=(
            Example(f'{_EXAMPLE} | query_param("q")', "a b"),
            Example(f'{_EXAMPLE} | query_param("gclid")', Missing()),
        ),
    ),
    Function(
        name="query_params",
        group="URLs and user agents",
        summary="All parameters of the query, decoded, as an object; of a name that is there twice, the first.",
        parameters=(_URL,),
        result=OBJECT,
        run=query_params,
        examples=(Example(f"{_EXAMPLE} | query_params", {"utm_source": "mail", "q": "a b"}),),
    ),
    Function(
        name="url_scheme",
        group="URLs and user agents",
        summary="The scheme, in lower case, such as https; missing when there is none.",
        parameters=(_URL,),
        result=TEXT,
        may_miss=True,
        run=url_scheme,
        examples=(Example(f"{_EXAMPLE} | url_scheme", "https"),),
    ),
    Function(
        name="url_fragment",
        group="URLs and user agents",
        summary="What follows the #; missing when there is none.",
        parameters=(_URL,),
        result=TEXT,
        may_miss=True,
        run=url_fragment,
        examples=(Example('"https://shop.example.com/#top" | url_fragment', "top"),),
    ),
    Function(
        name="url_encode",
        group="URLs and user agents",
        summary="Percent-encoded, to stand in a URL.",
        parameters=(Parameter(name="text", kinds=TEXT),),
        result=TEXT,
        run=url_encode,
        examples=(Example('"a b&c" | url_encode', "a%20b%26c"),),
    ),
    Function(
        name="url_decode",
        group="URLs and user agents",
        summary="Percent-encoding resolved.",
        parameters=(Parameter(name="text", kinds=TEXT),),
        result=TEXT,
        run=unquote,
        examples=(Example('"a%20b" | url_decode', "a b"),),
    ),
)
