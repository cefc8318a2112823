# SPDX-License-Identifier: Apache-2.0
"""Medians, ratios, and whether they are what was asked for; as a table."""
import statistics

from cases import BEST, CASES, FIGURES

LOAD_LIMIT = 0.9  # of its core: then the load, not the server, says how many


def medians(runs):
    """{figure: median} of what several measurements gave."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def rows_make(case, runs, is_against):
    """The lines of one case; @runs is {server: [measurement, ...]}, one of each round."""
    if is_against:
        return [row_make(case, runs, row.figure, 'peer', None, None) for row in case.rows[:1]]
    return [row_make(case, runs, row.figure, row.peer, row.asked, row.cpu_asked) for row in case.rows]


def row_make(case, runs, figure, peer, asked, cpu_asked):
    seen = {name: medians(each) for name, each in runs.items()}
    ours = seen['hawserd']
    is_more = FIGURES[figure][2]
    row = {'case': case.name, 'figure': figure, 'hawserd': ours[figure], 'peer_name': None,
           'peer': None, 'ratio': None, 'asked': asked, 'is_more': is_more,
           'cpu': ours.get(case.cpu_figure), 'cpu_asked': cpu_asked,
           'load_is_limit': ours.get('load_share', 0) > LOAD_LIMIT}
    if peer is None:
        row['verdict'] = verdict(row['hawserd'], asked, is_more)
        row['cpu_verdict'] = verdict(row['cpu'], cpu_asked, False)
        return row
    name, row['peer'] = peer_best(seen, peer, figure, is_more)
    if name is None:
        row['cpu'] = None
    else:
        row['peer_name'] = name
        row['ratio'] = ratio(runs, name, figure)
        row['cpu_peer_name'], cpu = peer_best(seen, peer, case.cpu_figure, False)
        row['cpu'] = ratio(runs, row['cpu_peer_name'], case.cpu_figure) if cpu else None
        row['load_is_limit'] |= seen[name].get('load_share', 0) > LOAD_LIMIT
        row['verdict'] = verdict(row['ratio'], asked, is_more)
        row['cpu_verdict'] = verdict(row['cpu'], cpu_asked, False)
    return row


def ratio(runs, peer, figure):
    """hawserd / peer: the median over the rounds of what they were in the same minute, since what
    else the machine does changes from one to the next by more than they differ."""
    return statistics.median(ours[figure] / theirs[figure]
                             for ours, theirs in zip(runs['hawserd'], runs[peer]))


def peer_best(seen, peer, figure, is_more):
    """(name, figure) of that peer, or of the one that is best at it; (None, None): it was left out."""
    names = [name for name in seen if name != 'hawserd' and (peer == BEST or name == peer)
             and figure in seen[name]]
    if not names:
        return None, None
    name = (max if is_more else min)(names, key=lambda one: seen[one][figure])
    return name, seen[name][figure]


def verdict(value, asked, is_more):
    if asked is None or value is None:
        return None
    return 'ok' if (value >= asked if is_more else value <= asked) else 'short'


def number(value, form):
    return '-' if value is None else format(value, form)


def asked_text(asked, is_more):
    return '' if asked is None else f'{">=" if is_more else "<="} {asked:g}'


def cells(row):
    """One line of the table, as texts."""
    heading, form, _ = FIGURES[row['figure']]
    peer = f'{number(row["peer"], form)} {row["peer_name"]}' if row['peer_name'] else '-'
    return [CASES[row['case']].title, f'{number(row["hawserd"], form)} {heading}', peer,
            number(row['ratio'], '.2f'), asked_text(row['asked'], row['is_more']),
            row.get('verdict') or '', number(row['cpu'], '.2f'),
            asked_text(row['cpu_asked'], False), row.get('cpu_verdict') or '']


HEADINGS = ['work', 'hawserd', 'peer', 'ratio', 'asked', '', 'CPU', 'asked', '']


def table_text(rows):
    lines = [HEADINGS, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    texts = ['  '.join(f'{cell:<{width}}' for cell, width in zip(line, widths)).rstrip()
             for line in lines]
    for i, row in enumerate(rows, 1):
        texts[i] += '   the load is the limit: believe CPU' if row['load_is_limit'] else ''
    return '\n'.join(texts)


def details_text(cases, runs):
    """Every figure of every server."""
    lines = []
    for name, seen in cases.items():
        rounds = len(runs[name]['hawserd'])
        lines.append(f'\n{name}: {CASES[name].title}; {rounds} round{"s" * (rounds > 1)}'
                     + ''.join(f' {word}' for word in CASES[name].hawserd))
        for server, figures in seen.items():
            texts = [f'{number(figures[key], form)} {heading}'
                     for key, (heading, form, _) in FIGURES.items() if key in figures]
            lines.append(f'  {server:<9} {", ".join(texts)}')
    return '\n'.join(lines)


def report_print(report):
    if report['is_smoke']:
        print('smoke: this shows that it works, and not how well')
    print(table_text(report['rows']))
    judged = [row[key] for row in report['rows'] for key in ('verdict', 'cpu_verdict') if row.get(key)]
    print(f'\n{judged.count("ok")} of {len(judged)} are what was asked for. ratio and CPU: hawserd / '
          'peer; without a peer the figure, and CPU s/GiB.')
    print(details_text(report['cases'], report['runs']))
    for sentence in report['skipped']:
        print(f'\nleft out: {sentence}')
    print()
    for name, text in report['machine'].items():
        print(f'{name:<8} {text}')
    print(f'{"rounds":<8} {report["rounds"]} at most, {report["seconds"]} s for small files'
          + (f'; no file is longer than {report["size_max"] >> 20} MiB here, whatever its case is called'
             if report['size_max'] < 1 << 30 else '') + f'; {report["took_s"]:.0f} s in all')
