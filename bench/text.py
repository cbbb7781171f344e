# SPDX-License-Identifier: GPL-2.0
"""Sections with a table, as Markdown and as reStructuredText."""

import textwrap


class Section:
    """
    title
    head    of the table
    rows    of anything that can be written; without any there is no table
    words   a paragraph in front of the table
    """

    def __init__(self, title, head=(), rows=(), words=''):
        self.title = title
        self.head = [str(cell) for cell in head]
        self.rows = [[str(cell) for cell in row] for row in rows]
        self.words = words


def markdown(sections):
    return '\n'.join(map(_markdown, sections))


def _markdown(section):
    lines = ['### %s\n' % section.title]
    if section.words:
        lines.append(section.words + '\n')
    if section.rows:
        lines += ['| %s |' % ' | '.join(section.head),
                  '|---' * len(section.head) + '|']
        lines += ['| %s |' % ' | '.join(row) for row in section.rows]
    return '\n'.join(lines) + '\n'


def paragraph(words):
    return textwrap.fill(words, 95, break_long_words=False,
                         break_on_hyphens=False)


def rst(sections):
    """Titles are no headings: whatever is around may have any level."""
    return '\n'.join(map(_rst, sections))


def _rst(section):
    lines = ['**%s**' % section.title, '']
    if section.words:
        lines += [paragraph(section.words), '']
    if section.rows:
        lines.append(_rst_table(section.head, section.rows))
    return '\n'.join(lines)


def _rst_table(head, rows):
    # An empty first cell would continue the row above.
    table = [[row[0] or '\\', *row[1:]] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*table)]
    bar = '  '.join('=' * max(w, 1) for w in widths)
    lines = ['  '.join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip()
             for row in table]
    return '\n'.join([bar, lines[0], bar, *lines[1:], bar, ''])
