"""
What vendors' credentials look like: how each begins, and all of it.

Each is looked for only where its first letters stand in a long run of letters, digits, `_` and
`-`; some have other signs in them and are looked for by a mark of their own. A beginning that
is short or a word asks for the whole length, so that names in a program are no keys.
"""

from __future__ import annotations

import re

_WHOLE = r"(?<![A-Za-z0-9])"
_ENDS = r"(?![A-Za-z0-9])"


def _begins(begin: str, rest: str, *, ends: bool = False) -> tuple[str, re.Pattern[str]]:
    return begin, re.compile(_WHOLE + re.escape(begin) + rest + (_ENDS if ends else ""))


def _anywhere(begin: str, rest: str) -> tuple[str, re.Pattern[str]]:
    return begin, re.compile(re.escape(begin) + rest)


# Beginnings of runs.
RUNS = (
    _begins("sk-", r"[A-Za-z0-9_-]{12,}"),
    _begins("sgk-", r"[A-Za-z0-9_-]{12,}"),  # a gateway key of ours
    *(_begins(f"{of}k_", r"(?:live|test)_[A-Za-z0-9]{10,}") for of in "srp"),
    _begins("sk_", r"[0-9a-f]{48}", ends=True),
    *(_begins(f"gh{of}_", r"[A-Za-z0-9]{20,}") for of in "oprsu"),
    _anywhere("github_pat_", r"[A-Za-z0-9_]{20,}"),
    _anywhere("glpat-", r"[A-Za-z0-9_-]{16,}"),
    *(
        _begins(begin, r"[A-Za-z0-9_-]{20,}")
        for begin in (
            *("gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-"),
            *("gloas-", "glsoat-", "glffct-", "GR1348941"),
        )
    ),
    _anywhere("xox", r"[abeoprs]-[A-Za-z0-9-]{10,}"),
    _begins("xapp-", r"[0-9]-[A-Z0-9]{8,}-[0-9]{8,}-[a-f0-9]{20,}"),
    _begins("AKIA", r"[A-Z0-9]{16}", ends=True),
    _begins("ASIA", r"[A-Z0-9]{16}", ends=True),
    _begins("LTAI", r"[A-Za-z0-9]{16,20}", ends=True),
    _begins("ABSK", r"[A-Za-z0-9+/]{80,}={0,2}"),
    _anywhere("AIza", r"[A-Za-z0-9_-]{30,}"),
    _begins("hf_", r"[A-Za-z0-9]{20,}"),
    _begins("api_org_", r"[A-Za-z0-9]{30,}"),
    _begins("npm_", r"[A-Za-z0-9]{30,}"),
    _anywhere("pypi-", r"[A-Za-z0-9_-]{30,}"),
    _begins("rubygems_", r"[a-f0-9]{40,}"),
    _begins("cio", r"[A-Za-z0-9]{32}", ends=True),
    _begins("oy2", r"[a-z0-9]{43}", ends=True),
    _begins("dckr_", r"[po]at_[A-Za-z0-9_-]{20,}"),
    _begins("gsk_", r"[A-Za-z0-9]{20,}"),
    _begins("csk-", r"[a-z0-9]{40,}"),
    _begins("xai-", r"[A-Za-z0-9]{20,}"),
    _begins("pplx-", r"[A-Za-z0-9]{20,}"),
    _begins("nvapi-", r"[A-Za-z0-9_-]{40,}"),
    _begins("tgp_v1_", r"[A-Za-z0-9_-]{30,}"),
    _begins("lsv2_", r"(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    _begins("pcsk_", r"[A-Za-z0-9]{4,10}_[A-Za-z0-9]{40,}"),
    _begins("r8_", r"[A-Za-z0-9]{20,}"),
    _begins("dapi", r"[a-f0-9]{32}"),
    *(_begins(f"do{of}_v1_", r"[a-f0-9]{20,}") for of in "opr"),
    *(_begins(f"shp{of}_", r"[a-fA-F0-9]{32}", ends=True) for of in ("at", "ca", "pa", "ss")),
    _begins("ATATT3", r"[A-Za-z0-9_=-]{20,}"),
    _begins("lin_api_", r"[A-Za-z0-9]{20,}"),
    _begins("ntn_", r"[A-Za-z0-9]{20,}"),
    _begins("secret_", r"[A-Za-z0-9]{43}", ends=True),
    _begins("figd_", r"[A-Za-z0-9_-]{30,}"),
    _begins("GOCSPX-", r"[A-Za-z0-9_-]{16,}"),
    _begins("NRAK-", r"[A-Z0-9]{27}", ends=True),
    _begins("PMAK-", r"[a-f0-9]{24}-[a-f0-9]{34}"),
    _begins("sntry", r"[su]_[A-Za-z0-9+/=_-]{40,}"),
    _begins("glsa_", r"[A-Za-z0-9]{32}_[a-f0-9]{8}"),
    _begins("glc_", r"[A-Za-z0-9+/]{32,}={0,2}"),
    _begins("tskey-", r"[a-z]{3,10}-[A-Za-z0-9]{8,}-[A-Za-z0-9]{16,}"),
    _begins("fm2_", r"[A-Za-z0-9+/]{60,}={0,2}"),
    _begins("pul-", r"[a-f0-9]{40}", ends=True),
    _begins("key-", r"[a-f0-9]{32}", ends=True),
    _begins("sq0", r"[a-z]{3}-[A-Za-z0-9_-]{22,}"),
    _begins("CCIPAT_", r"[A-Za-z0-9]{16,}_[a-f0-9]{40}"),
    _begins("bkua_", r"[a-z0-9]{40}", ends=True),
    _begins("AGE-SECRET-KEY-1", r"[A-Z0-9]{20,}"),
    # Behind a `_` or `-` it is bounded, since one may begin at each and none is read for ever.
    (
        "eyJ",
        re.compile(
            r"(?:(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{12,}|(?<=[_-])eyJ[A-Za-z0-9_-]{12,256})"
            r"\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"
        ),
    ),
    _begins("SK", r"[a-f0-9]{32}", ends=True),
    _begins("pat", r"[A-Za-z0-9]{14}\.[a-f0-9]{64}", ends=True),
)
# What says nothing by itself: a secret within so many signs of what it belongs to.
_AWS = r"(?<![A-Za-z0-9/+=_.-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])"
_HEX = r"(?<![A-Za-z0-9_-])[a-f0-9]{32}(?![A-Za-z0-9_-])"
NEAR = (
    ("AKIA", re.compile(_WHOLE + r"AKIA[A-Z0-9]{16}" + _ENDS), re.compile(_AWS)),
    ("ASIA", re.compile(_WHOLE + r"ASIA[A-Z0-9]{16}" + _ENDS), re.compile(_AWS)),
    ("AC", re.compile(_WHOLE + r"AC[a-f0-9]{32}" + _ENDS), re.compile(_HEX)),
)

# Marks with signs of their own in them, before or behind a long run.
MARKS = (
    ("ya29.", re.compile(r"ya29\.[A-Za-z0-9_-]{20,}")),
    ("1//0", re.compile(_WHOLE + r"1//0[A-Za-z0-9_-]{40,}")),
    ("hvs.", re.compile(_WHOLE + r"hvs\.[A-Za-z0-9_-]{20,}")),
    ("hvb.", re.compile(_WHOLE + r"hvb\.[A-Za-z0-9_-]{60,}")),
    ("SG.", re.compile(_WHOLE + r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}")),
    ("dp.", re.compile(_WHOLE + r"dp\.[a-z]{2,5}\.[A-Za-z0-9]{40,44}" + _ENDS)),
    ("mfa.", re.compile(_WHOLE + r"mfa\.[A-Za-z0-9_-]{80,}")),
    ("sl.", re.compile(_WHOLE + r"sl\.[A-Za-z0-9_-]{100,}")),
    ("access_token$", re.compile(r"access_token\$[a-z]{4,12}\$[a-z0-9]{16}\$[a-f0-9]{32}")),
    (".atlasv1.", re.compile(r"\.(?P<key>atlasv1\.[A-Za-z0-9_=-]{60,70})")),
    # Whoever knows these addresses may post to them.
    ("/webhooks/", re.compile(r"/webhooks/[0-9]{15,21}/(?P<key>[A-Za-z0-9_-]{40,})")),
    ("webhook.office.com/", re.compile(r"webhook\.office\.com/(?P<key>[A-Za-z0-9@/_-]{40,})")),
    # A bot's number, and what it is called by.
    (":AA", re.compile(r"(?<=[0-9]{8}):(?P<key>AA[A-Za-z0-9_-]{32,33})(?![A-Za-z0-9_-])")),
)

# Hashes of passwords, as systems and web servers keep them.
HASHES = (
    ("$2", re.compile(r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}")),
    ("$apr1$", re.compile(r"\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}")),
    ("$5$", re.compile(r"\$5\$[./A-Za-z0-9=$]{20,90}")),
    ("$6$", re.compile(r"\$6\$[./A-Za-z0-9=$]{20,130}")),
    ("$y$", re.compile(r"\$y\$[./A-Za-z0-9$]{20,130}")),
    ("$argon2", re.compile(r"\$argon2[id]{1,2}\$[A-Za-z0-9+/=,$]{30,300}")),
)

# What may hold no long run.
OTHERS = (
    ("whsec_", re.compile(_WHOLE + r"whsec_[A-Za-z0-9+/=_-]{16,}")),
    ("Q~", re.compile(r"(?<=[0-9])(?P<key>Q~[A-Za-z0-9_.~-]{31,34})(?![A-Za-z0-9_.~-])")),
    ("hooks.slack.com/", re.compile(r"hooks\.slack\.com/(?P<key>[a-z]{4,16}/[A-Za-z0-9/_-]{10,})")),
    ("://", re.compile(r"://(?P<key>[^\s/:@<>]{0,64}:[^\s/<>]{1,128})(?=@[A-Za-z0-9_.\[%{$-])")),
    # A line of a .pgpass.
    (":5432:", re.compile(r":5432:[^\s:]{1,64}:[^\s:]{1,64}:(?P<key>\S{1,128})")),
    # A block without its end is a secret to the end of the text.
    (
        "-----BEGIN ",
        re.compile(
            r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----.*?"
            r"(?:-----END [A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
    ),
    (
        "Private-Lines:",
        re.compile(r"Private-Lines: [0-9]{1,4}\s{1,4}(?P<key>[A-Za-z0-9+/=\s]{0,64000})"),
    ),
)

# A bot's token begins with its number in base64; digits leave few signs in it.
BOT = re.compile(rb"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){5}")
BOT_TOKEN = re.compile(
    r"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){5,6}(?:[MNO][A-Za-z]{1,2})?"
    r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}(?![A-Za-z0-9_-])"
)
