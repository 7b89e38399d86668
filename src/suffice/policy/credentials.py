"""
Where credentials stand in a text: by how their vendors begin them, and by what they are called.

Each sign is looked for as a plain word, and a pattern is tried only where one stands. So a text
without signs costs a few microseconds, and no text is read more than a bounded number of times.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from suffice.policy.vendors import BOT, BOT_TOKEN, HASHES, MARKS, NEAR, OTHERS, RUNS

Place = tuple[int, int]

_RUN_SIGNS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_IN_RUN = bytes(0x61 if sign in _RUN_SIGNS else 0x20 for sign in range(256))
# The shortest key has a run of fifteen: what stands behind `sk-`, or before the dot of `eyJ`.
_LONG_RUN = b"a" * 15
_NEARBY, _LONGEST_NEAR = 300, 40
_LONGEST_COMMAND = 2_000
_LONGEST_NAME = 64


def find_keys(text: str) -> Iterator[Place]:
    """
    Where credentials stand; places may overlap.

    >>> text = "curl -u bob:hunter2 https://x.example"
    >>> [text[start:end] for start, end in find_keys(text)]
    ['hunter2']
    """
    runs = long_runs(text.encode("utf-8", "replace"))
    if runs:
        yield from _in_runs(text, runs)
    yield from _marked(text, OTHERS)
    if "$" in text:
        yield from _marked(text, HASHES)
    lower = _lowered(text)
    for word, patterns in _NAMED:
        if word in lower:
            for pattern in patterns:
                yield from _named(text, lower, word, pattern)
    for word, option in _COMMANDS:
        if word in lower:
            yield from _in_commands(text, lower, word, option)


def is_secret_name(name: str) -> bool:
    """
    Whether a field of this name holds a secret, whatever it looks like.

    >>> is_secret_name("dbPassword"), is_secret_name("password_hint")
    (True, False)
    """
    return len(name) <= _LONGEST_NAME and _holds_secret(name)


@lru_cache(maxsize=4_096)
def _holds_secret(name: str) -> bool:
    return _SECRET_FIELD.search(_WORD_BEGINS.sub("_", name).lower()) is not None


def may_hold_keys(body: bytes) -> bool:
    """
    Whether a JSON document may hold a credential, by its bytes; errs to the safe side.

    >>> may_hold_keys(b'{"max_tokens": 9}'), may_hold_keys(b'{"token": "abcd1234"}')
    (False, True)
    """
    runs = long_runs(body)
    if any(mark in body for mark in _MARK_BYTES) or BOT.search(runs):
        return True
    if any(begin in runs for begin, _, _ in _BEGINNINGS) or any(
        begin in runs for begin, *_ in _NEAR
    ):
        return True
    lower = body.lower()
    if any(word in lower for word in _WORD_BYTES):
        return True
    tokens = lower.count(b"token")
    return bool(tokens) and tokens != lower.count(b'_tokens":') + lower.count(b'_tokens_details":')


def long_runs(data: bytes) -> bytes:
    """
    The runs of letters, digits, ``_`` and ``-`` that could hold a key, with spaces between.

    >>> long_runs(b"be kind, key=abc-def_0123456789 (sic)")
    b'abc-def_0123456789'
    """
    classes = data.translate(_IN_RUN)
    at = classes.find(_LONG_RUN)
    found = []
    while at >= 0:
        end = classes.find(b" ", at)
        if end < 0:
            end = len(data)
        found.append(data[at:end])
        at = classes.find(_LONG_RUN, end)
    return b" ".join(found)


def _in_runs(text: str, runs: bytes) -> Iterator[Place]:
    for begin, sign, pattern in _BEGINNINGS:
        if begin in runs:
            yield from _each(text, sign, pattern)
    for begin, sign, account, secret in _NEAR:
        if begin in runs:
            yield from _near(text, sign, account, secret)
    if BOT.search(runs):
        yield from (found.span() for found in BOT_TOKEN.finditer(text))
    yield from _marked(text, MARKS)


def _marked(text: str, marks: Iterable[tuple[str, re.Pattern[str]]]) -> Iterator[Place]:
    for mark, pattern in marks:
        if mark in text:
            yield from _each(text, mark, pattern)


def _each(text: str, sign: str, pattern: re.Pattern[str]) -> Iterator[Place]:
    at = text.find(sign)
    while at >= 0:
        found = pattern.match(text, at)
        if found is not None:
            yield found.span(found.lastgroup or 0)
        at = text.find(sign, found.end() if found is not None else at + len(sign))


def _near(
    text: str, sign: str, account: re.Pattern[str], secret: re.Pattern[str]
) -> Iterator[Place]:
    """Secrets that say nothing by themselves, around the account they belong to."""
    reached, at = 0, text.find(sign)
    while at >= 0:
        if account.match(text, at) is not None:
            since = max(reached - _LONGEST_NEAR, at - _NEARBY, 0)
            reached = at + _NEARBY
            for found in secret.finditer(text, since, reached):
                if _is_drawn(found[0]):
                    yield found.span()
        at = text.find(sign, at + len(sign))


def _is_drawn(told: str) -> bool:
    """Whether it looks drawn by chance: no digest, unless digests are meant, and no path."""
    if len(told) < _LONGEST_NEAR:
        return True
    return any(map(str.isdigit, told)) and told not in {told.lower(), told.upper()}


def _named(text: str, lower: str, word: str, pattern: re.Pattern[str]) -> Iterator[Place]:
    at = lower.find(word)
    while at >= 0:
        found = pattern.match(text, at)
        if found is not None and _is_told(found):
            yield found.span(found.lastgroup or 0)
        # What was told is not read again for the same name.
        at = lower.find(word, found.end() if found is not None else at + len(word))


def _is_told(found: re.Match[str]) -> bool:
    """Whether what stands beside a name is its secret: no word, no program, no placeholder."""
    group = found.lastgroup or ""
    told = found[group]
    if _PLACEHOLDER.match(told):
        return False
    if group == "key" or (any(map(str.isdigit, told)) and any(map(str.isalpha, told))):
        return True
    if group == "mixed" or _NAME.match(told):
        return False
    plain = told.rstrip(".)]}:").lower()
    return bool(found["quote"]) or not (found["flag"] or _PROGRAM.match(told) or plain in _WORDS)


def _in_commands(text: str, lower: str, word: str, option: re.Pattern[str]) -> Iterator[Place]:
    at = lower.find(word)
    while at >= 0:
        most = at + _LONGEST_COMMAND
        ends = _COMMAND_ENDS.search(text, at, most)
        end = ends.start() if ends is not None else most
        yield from (found.span(found.lastgroup or 0) for found in option.finditer(text, at, end))
        at = lower.find(word, end)


def _lowered(text: str) -> str:
    """In small letters, each where it was."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)


# -- what is looked for -------------------------------------------------------------------

_BEGINNINGS = tuple((sign.encode(), sign, pattern) for sign, pattern in RUNS)
_NEAR = tuple((sign.encode(), sign, account, secret) for sign, account, secret in NEAR)


def _after(*names: str) -> str:
    return "(?:" + "|".join(f"(?<={name})" for name in names) + ")"


def _keys_of(*names: str) -> str:
    return _after(*(name + dash for name in names for dash in ("", "[ _-]")))


# What parts a name from its value: quotes, in a text within a text escaped ones, and a sign; on
# a command line a space.
_OPTIONS = _after("-password", "-passwd", "-passphrase", "-token", "-secret", "-key")
_IS = (
    r"""(?:\\{0,3}["']?\s{0,4}(?:=>|:=|[:=])\s{0,4}|"""
    + _OPTIONS
    + r"""(?P<flag>[ ]{1,2}))(?P<quote>\\{0,3}["'`])?"""
)
_ANY = _IS + r"""(?P<any>(?:[^\s"',;&\\`]|\\(?!["'])){6,8192})"""
# What has letters and digits: no word ("token: required"), and no count ("token: 12000000").
_MIXED = _IS + r"(?P<mixed>[A-Za-z0-9_.+/%~-]{8,8192}={0,2})"
# As an environment calls it.
_SET = r"""=["']?(?P<key>[^\s"',;&]{4,512})"""

_VALUE = "[A-Za-z0-9+/]{12,512}={0,2}"
_AUTHORIZATION = r"""authorization[\\"']{0,4}\s{0,3}:\s{0,3}[\\"']{0,4}"""
_AWS = r"(?P<key>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"
_COOKIE = r"[A-Za-z0-9_.-]{1,64}=[^\s\"';]"
_COOKIES = _COOKIE + "{8,4096}(?:; ?" + _COOKIE + "{0,4096}){0,20}"
_NETRC = (
    r"machine\s{1,8}(?:localhost|[a-z0-9-]{1,63}\.[a-z0-9.-]{1,200})\s{1,8}login\s{1,8}\S{1,64}\s{1,8}"
    r"password\s{1,8}(?P<key>\S{1,128})"
)
# Word -> what may stand where it begins.
_PATTERNS = {
    "pass": (
        r"passw(?:or[dt]|d)s?" + _ANY,
        "passphrase" + _ANY,
        _after(*(f"{of}_" for of in ("become", "db", "smtp", "mail", "user", "root", "ssh", "ftp")))
        + "pass"
        + _ANY,
        "(?-i:PASSW(?:ORD|D)|PASSPHRASE|(?<=_)PASS)" + _SET,
    ),
    "pwd": (
        r"""(?<![a-z])pwd(?!\\?["']?\s?[:=]\s?\\?["']?[/~.])""" + _ANY,
        "(?<=_)(?-i:PWD)" + _SET,
    ),
    "secret": (
        "(?:(?<![a-z0-9_])|(?<=client)|(?<=client[_-]))secret" + _ANY,
        "secret" + _MIXED,
        "(?-i:(?<=_)SECRET)" + _SET,
        r"""secret[ _-]?(?:access[ _-]?)?key[\\"']{0,4}[\s:=>,]{1,4}[\\"']{0,4}""" + _AWS,
    ),
    "key": (
        _keys_of("api") + "key" + _ANY,
        _keys_of("access", "account", "secret", "private", "signing", "encryption", "master")
        + "key"
        + _MIXED,
    ),
    "token": (
        _keys_of("access", "auth") + "token" + _ANY,
        "token(?!s)" + _MIXED,
        "(?<![_-])tokens" + _MIXED,
    ),
    "credential": ("credentials?" + _MIXED,),
    "bearer": (r"bearer\s{1,3}(?P<key>[A-Za-z0-9_.+/=~-]{16,8192})",),
    "auth": (
        _AUTHORIZATION + r"(?:basic|token|bot|apikey)\s{1,3}(?P<key>[A-Za-z0-9_.+/=~:-]{8,4096})",
        _AUTHORIZATION + r"digest\s{1,3}(?P<key>[^\n]{8,1024})",
        rf'(?<=")auth\\?"\s{{0,4}}:\s{{0,4}}\\?"(?P<mixed>{_VALUE})',
        rf"(?<=_)auth=(?P<mixed>{_VALUE})",
    ),
    "cookie": (r"""cookie["']?\s{0,3}:\s{0,3}["']?(?P<key>""" + _COOKIES + ")",),
    "sig": (
        "(?<=[?&])sig=(?P<key>[A-Za-z0-9%+/_-]{20,512})",
        "(?:(?<=[?&])|(?<=-))signature=(?P<key>[A-Za-z0-9%+/_=-]{20,1024})",
    ),
    # A line of a .netrc.
    "machine": (_NETRC,),
}
_NAMED = tuple(
    (word, tuple(re.compile("(?i)" + pattern) for pattern in patterns))
    for word, patterns in _PATTERNS.items()
)
_WORD_BEGINS = re.compile(r"-|(?<=[a-z0-9])(?=[A-Z])")
_SECRET_FIELD = re.compile(
    "(?:^|_)(?:secret|passwd|password|pwd|passphrase|apikey|(?:api|secret|private|access)_key|"
    "secret_access_key|authtoken|accesstoken|clientsecret|"
    "(?:auth|authorization|access|refresh|session|bearer|bot|id)_token)$"
)
# Masked before, by its kind or with a placeholder, or said by a name that stands elsewhere.
_PLACEHOLDER = re.compile(
    r"\[(?:key|email|phone|card|iban)\]|<[a-z]+:[a-p]{10}>|<[A-Za-z_ -]*>?$|%\(|%s"
    r"|\$\{|\$[A-Z_]{2,}$|\{\{?[A-Za-z_. ]"
)
_NAME = re.compile(
    r"(?i)(?:[a-z]{1,32}[_-]){0,4}(?:password|passwd|secret|token|(?:api[_-]?)?key)s?[):,.]*$"
    r"|(?-i:[a-z]{1,32}(?:Password|Secret|Token|Key))[):,.]*$"
)
_PROGRAM = re.compile(
    r"[(\[{]|[A-Za-z_.]{1,64}[(\[]|[A-Za-z]{1,32}::"
    r"|(?:self|cls|this|os|process|config|settings|args|options|request|env|ctx|params|data)\."
)
_WORDS = frozenset(
    {
        *("optional", "required", "return", "string", "undefined", "default", "hidden"),
        *("unknown", "missing", "invalid", "number", "object", "boolean", "integer", "function"),
    }
)

_USER = re.compile(
    r"(?<=\s)(?:-[A-Za-z]{0,8}?[uU]|--(?:proxy-)?user(?=[ =]))[ =]{0,2}(?:"
    r"\"[^\":\n]{0,64}:(?P<double>(?!\$)[^\"\n]{1,256})|'[^':\n]{0,64}:(?P<single>[^'\n]{1,256})"
    r"|[^\s:'\"]{0,64}:(?P<bare>(?!\$)[^\s'\"]{1,256}))"
)
_WORD_OF = r"(?P<key>(?!-)(?!\$)[^\s'\"]{3,128})"
_COMMANDS = (
    ("curl", _USER),
    ("mysql", re.compile(r"(?<=\s)-p['\"]?" + _WORD_OF)),
    ("sshpass", re.compile(r"(?<=\s)-p ?['\"]?" + _WORD_OF)),
    ("docker login", re.compile(r"(?<=\s)-p ?['\"]?" + _WORD_OF)),
)
_COMMAND_ENDS = re.compile(r"(?<!\\)\n")

# An address holds a credential only before an "@", which is looked for beside this.
_MARK_BYTES = tuple(mark.encode() for mark, _ in (*MARKS, *HASHES, *OTHERS) if mark != "://")
_BEGIN_BYTES = tuple(begin for begin, *_ in (*_BEGINNINGS, *_NEAR))
# What else is called so: `auth` and `sig` are in many words.
_IN_JSON = {"auth": (b'auth\\"', b"_auth=", b"authorization"), "sig": (b"sig=", b"signature=")}
_WORD_BYTES = tuple(
    each
    for word in (*_PATTERNS, *(word for word, _ in _COMMANDS))
    if word != "token"
    for each in _IN_JSON.get(word, (word.encode(),))
)
