"""Draws what a terminal shows, read from standard input as `tmux capture-pane -e -p` writes it, as an SVG.

The picture refers to nothing outside itself: its font is whatever monospace font the reader has. Every run of cells is
stretched to the width of its cells, and borders are drawn as lines, so that it looks the same in any of them.

Usage: svg.py [--columns N] [--title TEXT] <PANE >PICTURE
"""

import argparse
import re
import sys
import unicodedata
from xml.sax.saxutils import escape

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.4, 18, 14
MARGIN, TITLE_HEIGHT = 12, 34
FOREGROUND, BACKGROUND, FRAME, TITLE = "#e0e2ea", "#14161b", "#2c2e33", "#9b9ea4"
FONTS = "ui-monospace, 'Cascadia Mono', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

# The terminal's first sixteen colours, where an application names them instead of giving its own.
NAMED = (
    "#07080d #ffc0b9 #b3f6c0 #fce094 #a6dbff #ffcaff #8cf8f7 #eef1f8 "
    "#4f5258 #ffc0b9 #b3f6c0 #fce094 #a6dbff #ffcaff #8cf8f7 #eef1f8"
).split()

# Borders, as a path through a cell whose corners are (0, 0) and (1, 1).
BORDERS = {
    "─": "M 0 .5 H 1",
    "│": "M .5 0 V 1",
    "╭": "M .5 1 Q .5 .5 1 .5",
    "╮": "M 0 .5 Q .5 .5 .5 1",
    "╰": "M .5 0 Q .5 .5 1 .5",
    "╯": "M 0 .5 Q .5 .5 .5 0",
}

BORDER_MARKS = "".join(BORDERS)

SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b[()][A-Z0-9]|[\x0e\x0f]")
PLAIN = {"color": None, "back": None, "bold": False, "italic": False, "underline": False, "dim": False, "inverse": False}


def indexed(number):
    """The colour of a number of the 256-colour palette."""
    if number < 16:
        return NAMED[number]
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    steps = (0, 95, 135, 175, 215, 255)
    number -= 16
    return "#{:02x}{:02x}{:02x}".format(steps[number // 36], steps[number // 6 % 6], steps[number % 6])


def restyle(style, codes):
    """Applies the numbers of one SGR sequence to a style."""
    style = dict(style)
    codes = [int(code or 0) for code in re.split("[;:]", codes)]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = dict(PLAIN)
        elif code in (38, 48):
            which = "color" if code == 38 else "back"
            if codes.pop(0) == 2:
                style[which] = "#{:02x}{:02x}{:02x}".format(*codes[:3])
                del codes[:3]
            else:
                style[which] = indexed(codes.pop(0))
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style["color"] = NAMED[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style["back"] = NAMED[code - 40 if code < 100 else code - 92]
        elif code in (39, 49):
            style["color" if code == 39 else "back"] = None
        elif code == 22:
            style["bold"] = style["dim"] = False
        else:
            on = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse"}
            off = {23: "italic", 24: "underline", 27: "inverse"}
            if code in on:
                style[on[code]] = True
            elif code in off:
                style[off[code]] = False
    return style


def cells(character):
    """How many cells a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line, style):
    """Splits a line into (column, cells, text, style); returns these and the style that the next line begins with."""
    found, column, at = [], 0, 0
    for match in [*SEQUENCE.finditer(line), None]:
        text = line[at : match.start() if match else len(line)]
        # Blanks at the borders of a run take no glyphs.
        for part in re.findall(rf" +|─+|[{BORDER_MARKS}]|[^ {BORDER_MARKS}]+(?: [^ {BORDER_MARKS}]+)*", text):
            width = sum(map(cells, part))
            found.append((column, width, part, style))
            column += width
        if match:
            at = match.end()
            if match.group(1) is not None:
                style = restyle(style, match.group(1))
    return found, style


def border(mark, x, top, count):
    """The path of a border that begins at a point and goes on for some cells."""

    def scale(match):
        return f"{match[1]} " + " ".join(
            f"{x + float(number) * count * CELL_WIDTH:.1f}" if across else f"{top + float(number) * CELL_HEIGHT:g}"
            for number, across in zip(match[2].split(), ACROSS[match[1]])
        )

    return re.sub(r"([MHVQ]) ([\d. ]+)", scale, BORDERS[mark])


# Which of the numbers of a path's command go across, and not down.
ACROSS = {"M": (True, False), "H": (True,), "V": (False,), "Q": (True, False, True, False)}


def draw(lines, columns, title):
    """The lines of the SVG."""
    width = columns * CELL_WIDTH + 2 * MARGIN
    height = len(lines) * CELL_HEIGHT + TITLE_HEIGHT + MARGIN
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}">'
    yield f"<title>{escape(title)}</title>"
    yield f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{BACKGROUND}" stroke="{FRAME}"/>'
    for number, colour in enumerate(("#ff8a80", "#ffd180", "#a5d6a7")):
        yield f'<circle cx="{20 + 18 * number}" cy="{TITLE_HEIGHT / 2:g}" r="5.5" fill="{colour}" opacity="0.8"/>'
    yield f'<g font-family="{FONTS}" font-size="{FONT_SIZE}" xml:space="preserve">'
    yield f'<text x="{width / 2:g}" y="{TITLE_HEIGHT / 2 + 5:g}" text-anchor="middle" fill="{TITLE}" font-size="13">{escape(title)}</text>'
    backs, texts, style = [], [], PLAIN
    for row, line in enumerate(lines):
        found, style = runs(line, style)
        top = TITLE_HEIGHT + row * CELL_HEIGHT
        for column, count, text, its in found:
            color, back = its["color"] or FOREGROUND, its["back"] or BACKGROUND
            if its["inverse"]:
                color, back = back, color
            x, length = MARGIN + column * CELL_WIDTH, count * CELL_WIDTH
            if back != BACKGROUND:
                # A little wider and higher than its cells, so that no seams show between them.
                backs.append(f'<rect x="{x:.1f}" y="{top}" width="{length + 0.4:.1f}" height="{CELL_HEIGHT + 0.4:g}" fill="{back}"/>')
            if text[0] in BORDERS:
                texts.append(f'<path d="{border(text[0], x, top, count)}" fill="none" stroke="{color}"/>')
                continue
            if text.isspace() and not its["underline"]:
                continue
            marks = "".join(
                mark
                for name, mark in (
                    ("bold", ' font-weight="bold"'),
                    ("italic", ' font-style="italic"'),
                    ("underline", ' text-decoration="underline"'),
                    ("dim", ' opacity="0.7"'),
                )
                if its[name]
            )
            texts.append(
                f'<text x="{x:.1f}" y="{top + 13.5:g}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs" '
                f'fill="{color}"{marks}>{escape(text)}</text>'
            )
    yield from backs
    yield from texts
    yield "</g>"
    yield "</svg>"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--title", default="")
    options = parser.parse_args()
    lines = sys.stdin.buffer.read().decode().rstrip("\n").split("\n")
    print("\n".join(draw(lines, options.columns, options.title)))


if __name__ == "__main__":
    main()
