# SPDX-License-Identifier: Apache-2.0
"""hawserd and its peers under the same load, in turns; medians, ratios, and what is asked for.

Server on one core, load on another, both inside a network namespace of their own with one congestion
control for both ends. Each measurement has a fresh server with an empty folder; the contestants take
turns, and the one who begins changes with each round. tests/bench/README.md says how to read the table.
"""
import argparse
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import time

import machine
import report
from cases import CASES, GIB, MIB
from measure import measure
from network import network_own
from peers import PEERS
from servers import ROOT, Hawserd, HawserdPeer, build
from trouble import Trouble, program


def certificate_make(options):
    """ECDSA P-256, for whoever speaks TLS here, and for curl, which must believe it."""
    options.certificate = os.path.join(options.folder, 'certificate.pem')
    options.key = os.path.join(options.folder, 'key.pem')
    done = subprocess.run(
        [program('openssl'), 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
         '-nodes', '-days', '30', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
         '-keyout', options.key, '-out', options.certificate], capture_output=True, text=True,
        check=False)
    if done.returncode != 0:
        raise Trouble(f'no certificate: {done.stderr}')


def servers_of(case, options):
    if options.against:
        return [Hawserd, HawserdPeer]
    return [Hawserd, *(() if options.alone else (PEERS[name] for name in case.peers))]


def rounds_run(case, options, end_s):
    """{server: [measurement, ...]}; who begins changes with the round. None begins after @end_s."""
    servers = servers_of(case, options)
    seen = {server.name: [] for server in servers}
    for number in range(min(options.rounds, case.rounds_max)):
        if number > 0 and time.monotonic() > end_s:
            break
        for server in servers if number % 2 == 0 else reversed(servers):
            seed = (options.seed + number) * 16
            seen[server.name].append(measure(server, case, seed, number == 0, options))
            row = case.rows[0].figure
            print(f'{case.name} round {number + 1}: {server.name} {seen[server.name][-1][row]:.3f} '
                  f'{report.FIGURES[row][0]}', file=sys.stderr, flush=True)
    return seen


def cases_chosen(options):
    """(cases, sentences about those that are left out)"""
    chosen = [CASES[name] for name in options.only or CASES]
    has_tls = Hawserd.knows_tls() and (not options.against or HawserdPeer.knows_tls())
    if has_tls:
        return chosen, []
    left_out = [case.name for case in chosen if case.has_tls]
    sentences = [f'{", ".join(left_out)}: this hawserd has no --tls-listen'] if left_out else []
    return [case for case in chosen if not case.has_tls], sentences


def run(options):
    build()
    began = time.monotonic()
    cases, skipped = cases_chosen(options)
    servers = list(dict.fromkeys(server for case in cases for server in servers_of(case, options)))
    for server in servers:
        server.prepare()
    base = pathlib.Path(options.folder or ROOT / 'build' / 'bench')
    base.mkdir(parents=True, exist_ok=True)
    network = network_own(options.congestion)
    runs = {}
    with tempfile.TemporaryDirectory(prefix='run-', dir=base) as folder:
        options.folder = folder
        certificate_make(options)
        about = machine.describe(options, network, servers)
        for i, case in enumerate(cases):
            # A case may take twice its share of the time, as others take less.
            left_s = began + options.minutes * 60 - time.monotonic()
            share_s = min(left_s, 2 * left_s / (len(cases) - i))
            runs[case.name] = rounds_run(case, options, time.monotonic() + share_s)
    medians = {name: {server: report.medians(each) for server, each in seen.items()}
               for name, seen in runs.items()}
    return {'machine': about, 'rounds': options.rounds, 'seconds': options.seconds,
            'size_max': options.size_max, 'is_smoke': options.is_smoke,
            'skipped': skipped, 'took_s': time.monotonic() - began,
            'rows': [row for case in cases
                     for row in report.rows_make(case, runs[case.name], bool(options.against))],
            'cases': medians, 'runs': runs}


def options_parse():
    parser = argparse.ArgumentParser(prog='tests/bench/run', description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--json', action='store_true', help='print JSON, with every single run')
    parser.add_argument('--quick', action='store_true', help='3 rounds, 1 s, files of 256 MiB at most')
    parser.add_argument('--smoke', action='store_true', help='does all of it still work?')
    parser.add_argument('--only', action='append', choices=CASES, help='this case; several times')
    parser.add_argument('--alone', action='store_true', help='hawserd without anybody else')
    parser.add_argument('--against', metavar='HAWSERD', help='another build instead of the peers')
    parser.add_argument('--options', default='', help='more options for hawserd, in one word')
    parser.add_argument('--load', choices=('wrk', 'ours'), default='wrk',
                        help='for small downloads; ours needs less of its core')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--minutes', type=float, default=18,
                        help='then there are fewer rounds, but at least one of each case; default 18')
    parser.add_argument('--seconds', type=float, default=3, help='of a case with small files')
    parser.add_argument('--congestion', default='cubic', help='on both ends; default cubic')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--folder', help='where servers keep their files; default build/bench')
    return options_complete(parser.parse_args())


def options_complete(options):
    """What follows from them."""
    options.size_max, options.idle_connections = GIB, 10000
    options.is_smoke = options.smoke
    if options.quick:
        options.rounds, options.seconds, options.size_max = 3, 1, GIB // 4
    if options.smoke:
        options.rounds, options.seconds, options.size_max = 1, 0.2, 20 * MIB
        options.idle_connections = 200
    options.size_of = lambda case: min(case.size, options.size_max)
    cpus = sorted(os.sched_getaffinity(0))
    options.server_cpu, options.load_cpu = cpus[0], cpus[1] if len(cpus) > 1 else cpus[0]
    return options


def main():
    options = options_parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers end with us
    Hawserd.options_more = shlex.split(options.options)
    if options.against:
        HawserdPeer.binary = pathlib.Path(options.against).resolve()
    try:
        result = run(options)
    except Trouble as trouble:
        print(f'tests/bench/run: {trouble}', file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        report.report_print(result)
    return 0


if __name__ == '__main__':
    sys.exit(main())
