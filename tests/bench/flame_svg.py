# SPDX-License-Identifier: Apache-2.0
"""Stacks of perf, folded, and a flame graph of them as one SVG that needs nothing else.

A frame is as wide as it was often seen, and stands on the one that called it; hover for its name and
share. Colours say whose it is: the kernel's, hawserd's, its hashes', a library's.
"""
import html
import re

WIDTH, ROW, MARGIN, TOP = 1600, 18, 10, 64
WIDTH_MIN = 0.4          # of a frame in pixels; what is narrower is left out
CHAR_WIDTH = 6.7         # of 11 pixels of a monospaced font
COLOURS = {'kernel': '#8fb4d9', 'hawserd': '#9ccf8f', 'hash': '#f2b36b', 'library': '#e6d77a',
           'thread': '#d0d0d0'}
HASH = re.compile(r'sha256|crc32|hash', re.IGNORECASE)
FRAME = re.compile(r'\s+[0-9a-f]+ (.*) \(([^()]*(?:\([^()]*\))?[^()]*)\)$')


class Node:
    """What was on top of one frame."""

    def __init__(self, name, owner):
        self.name = name
        self.owner = owner
        self.count = 0
        self.children = {}

    def child(self, name, owner):
        return self.children.setdefault(name, Node(name, owner))


def owner_of(name, file):
    if file.startswith('[') or file.endswith(('.ko', 'vmlinux')):
        return 'kernel'
    if 'hawserd' in file:
        return 'hash' if HASH.search(name) else 'hawserd'
    return 'library'


def fold(text):
    """{(thread, (name, owner), ...): count} of what `perf script -F comm,ip,sym,dso` prints."""
    folded = {}
    for block in text.split('\n\n'):
        lines = block.strip('\n').split('\n')
        frames = [(found.group(1), owner_of(found.group(1), found.group(2)))
                  for found in map(FRAME.match, lines[1:])
                  if found and found.group(1) != '[unknown]']  # libraries have no frame pointers
        if frames:
            stack = ((lines[0].strip(), 'thread'), *reversed(frames))
            folded[stack] = folded.get(stack, 0) + 1
    return folded


def folded_text(folded):
    """A line for each stack, as other tools read it."""
    return ''.join(f'{";".join(name for name, _ in stack)} {count}\n'
                   for stack, count in sorted(folded.items()))


def tree_make(folded):
    root = Node('all', 'thread')
    for stack, count in folded.items():
        root.count += count
        node = root
        for name, owner in stack:
            node = node.child(name, owner)
            node.count += count
    return root


def frames_lay(root, scale):
    """(node, x, depth) of all that are wide enough to be seen; breadth first, as stacks are deep."""
    waiting, laid = [(root, 0.0, 0)], []
    while waiting:
        node, x, depth = waiting.pop()
        laid.append((node, x, depth))
        for name in sorted(node.children):
            child = node.children[name]
            if child.count * scale >= WIDTH_MIN:
                waiting.append((child, x, depth + 1))
            x += child.count * scale
    return laid


def rect(node, x, y, width, total):
    room = int((width - 4) / CHAR_WIDTH)
    text = node.name if len(node.name) <= room else node.name[:room - 1] + '…' if room > 3 else ''
    share = f'{node.name}: {100 * node.count / total:.2f} % ({node.count} samples)'
    return (f'<g><title>{html.escape(share)}</title><rect x="{x:.1f}" y="{y}" width="{width:.1f}" '
            f'height="{ROW - 1}" rx="2" fill="{COLOURS[node.owner]}"/><text x="{x + 3:.1f}" '
            f'y="{y + 13}">{html.escape(text)}</text></g>')


def svg(folded, title, subtitle):
    root = tree_make(folded)
    scale = (WIDTH - 2 * MARGIN) / root.count
    laid = frames_lay(root, scale)
    height = TOP + ROW * (1 + max(depth for _, _, depth in laid)) + MARGIN
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
             f'height="{height}" font-family="monospace" font-size="11">',
             '<style>g:hover rect{stroke:#000}</style>',
             f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             f'<text x="{MARGIN}" y="22" font-size="16">{html.escape(title)}</text>',
             f'<text x="{MARGIN}" y="40">{html.escape(subtitle)}</text>']
    for i, (name, colour) in enumerate(COLOURS.items()):
        x = WIDTH - MARGIN - 90 * (len(COLOURS) - i)
        parts.append(f'<rect x="{x}" y="30" width="12" height="12" fill="{colour}"/>'
                     f'<text x="{x + 16}" y="40">{name}</text>')
    for node, x, depth in laid:
        y = height - MARGIN - ROW * (depth + 1)
        parts.append(rect(node, MARGIN + x, y, max(node.count * scale - 0.5, WIDTH_MIN), root.count))
    return '\n'.join([*parts, '</svg>', ''])


def tops(folded, count):
    """[(share, name, owner)] of the functions that were on top most often."""
    total = sum(folded.values())
    selves = {}
    for stack, times in folded.items():
        selves[stack[-1]] = selves.get(stack[-1], 0) + times
    most = sorted(selves.items(), key=lambda item: -item[1])[:count]
    return [(times / total, name, owner) for (name, owner), times in most]
