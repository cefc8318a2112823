#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One tool over all files of ours; what packaging/cmake/lint.cmake calls.

    lint.py format     CLANG_FORMAT ROOT
    lint.py clang-tidy CLANG_TIDY   ROOT BUILD
    lint.py cppcheck   CPPCHECK     ROOT BUILD

Exit status 0 when the tool has nothing to say. clang-tidy runs once for each file, in as many
processes as there are processors: over several files in one process version 14 forgets what a
va_list is. Its analyzer, nine tenths of the time, walks the paths of the daemon only: those of a test
are walked by the test, under sanitizers. Flags that gcc has and clang has not are taken out of the
compile commands.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

OURS = ('simd', 'core', 'net', 'cluster', 'tests')
UNDER_SANITIZERS = ('fuzz', 'sim', 'unit')  # of tests
GCC_ONLY = ('-ftrivial-auto-var-init=zero', '-fstack-clash-protection', '-mtune=generic')
# Findings of cppcheck that are no faults here, with the reason.
CPPCHECK_SUPPRESSED = (
    'missingIncludeSystem',          # it does not read the system's headers
    'unusedFunction',                # it sees one file at a time
    'unmatchedSuppression',          # a row here that one file does not need
    'normalCheckLevelMaxBranches',   # a remark about itself
    'checkersReport',                # likewise
)


def sources(root):
    return sorted(str(path) for room in OURS for path in (root / room).rglob('*.[ch]')
                  if 'corpus' not in path.parts)


def compile_commands(root, build):
    """The commands of our own files, without what only gcc knows."""
    commands = []
    for entry in json.loads((build / 'compile_commands.json').read_text(encoding='utf-8')):
        path = pathlib.Path(entry['file'])
        if path.is_relative_to(root) and path.relative_to(root).parts[0] in OURS:
            words = entry['command'].split(' ')
            entry['command'] = ' '.join(word for word in words if word not in GCC_ONLY)
            commands.append(entry)
    return commands


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def clang_format(tool, root):
    status, _, errors = run([tool, '--dry-run', '-Werror', *sources(root)])
    print(errors, end='')
    return status


def clang_tidy_one(tool, directory, path, is_test):
    checks = ['--checks=-clang-analyzer-*'] if is_test else []
    status, output, errors = run([tool, '--quiet', *checks, '-p', directory, path])
    # It counts on stderr what it did not show; only what stopped it is of interest there.
    stopped = [line for line in errors.split('\n') if 'error:' in line or 'Error' in line]
    return status, output + ('\n'.join(stopped) if status != 0 and not output else '')


def clang_tidy(tool, root, build):
    commands = compile_commands(root, build)
    tests = tuple(str(root / 'tests' / name) + os.sep for name in UNDER_SANITIZERS)
    # What takes long comes first, so that the processes end together.
    paths = sorted({entry['file'] for entry in commands},
                   key=lambda path: (path.startswith(tests), -os.path.getsize(path)))

    def one(path):
        return clang_tidy_one(tool, directory, path, path.startswith(tests))

    worst = 0
    with tempfile.TemporaryDirectory() as directory, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        pathlib.Path(directory, 'compile_commands.json').write_text(json.dumps(commands),
                                                                    encoding='utf-8')
        for status, output in pool.map(one, paths):
            worst = max(worst, abs(status))
            print(output, end='')
    print(f'clang-tidy: {len(paths)} files' + ('' if worst else ', clean'))
    return worst


def cppcheck(tool, root, build):
    commands = compile_commands(root, build)
    with tempfile.TemporaryDirectory() as directory:
        project = pathlib.Path(directory, 'compile_commands.json')
        project.write_text(json.dumps(commands), encoding='utf-8')
        status, _, errors = run([
            tool, f'--project={project}', '--quiet', '--inline-suppr', '--error-exitcode=1',
            '--enable=warning,performance,portability', '--template=gcc', '-j', str(os.cpu_count()),
            *(f'--suppress={name}' for name in CPPCHECK_SUPPRESSED)])
    print(errors, end='')
    print('cppcheck: ' + ('clean' if status == 0 else 'findings above'))
    return status


def main():
    what, tool, root = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    if re.search('NOTFOUND$', tool) or not tool:
        print(f'{what} is not installed')
        return 1
    if what == 'format':
        return clang_format(tool, root)
    check = {'clang-tidy': clang_tidy, 'cppcheck': cppcheck}[what]
    return check(tool, root, pathlib.Path(sys.argv[4]).resolve())


if __name__ == '__main__':
    sys.exit(main())
