#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that no compiler checks.

    tests/tidy/tidy.py [ROOT] [--headers]

One line for each fault, "path:line: what is wrong", and exit status 1; or "tidy: clean" and 0.
--headers also compiles each header alone, which takes some seconds.

The tables below are the law (who may include whom, who may allocate, which file needs no test); an
exception is a row there with its reason. tidy_test.py plants each fault and sees it caught: a new rule
comes with a planted fault.
"""
import pathlib
import re
import subprocess
import sys

# Room -> the rooms it may include besides itself (STYLE 1.5). core/main is the roof: it may include
# all, and no room includes it. tests may include anything.
MAY_INCLUDE = {
    'simd': set(),
    'core/base': set(),
    'core/loop': {'core/base'},
    'core/store': {'core/base', 'core/loop', 'simd'},
    'core/catalog': {'core/base', 'core/loop', 'simd'},
    'core/gate': {'core/base', 'core/loop', 'simd'},
    'net/wire': {'core/base', 'simd'},
    'net/conn': {'core/base', 'core/loop', 'net/wire'},
    'net/link': {'core/base', 'core/loop', 'core/store', 'net/wire', 'net/conn', 'simd'},
    # simd: a talk hashes owner tokens and adds chunk roots up to the file's.
    'net/talk': {'core/base', 'core/loop', 'core/store', 'core/catalog', 'core/gate', 'net/wire',
                 'net/conn', 'net/link', 'simd'},
    'cluster/view': {'core/base'},
    'cluster/repl': {'core/base', 'core/loop', 'core/store', 'net/wire', 'net/conn', 'net/link',
                     'cluster/view'},
    'cluster/control': {'core/base', 'core/loop', 'core/catalog', 'net/wire', 'cluster/view',
                        'cluster/repl'},
    'core/main': None,
    'core/cli': {'core/base', 'simd'},
}
SOURCE_DIRS = ('simd', 'core', 'net', 'cluster')

# Calls no file of the product makes: (name of the rule, pattern of the names, what to do instead).
BANNED_CALLS = (
    ('string', r'strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|alloca',
     'has no bound: use a span or snprintf'),
    ('number', r'atoi|atol|atoll|atof', 'cannot say that it failed: use strtoull and look at its end'),
    ('shell', r'system|popen|wordexp', 'starts a shell'),
    ('time', r'localtime|localtime_r|gmtime|ctime|asctime|mktime',
     'reads the time zone or shares a buffer: use UTC of our own'),
    ('sleep', r'sleep|usleep|nanosleep', 'waits for a fixed time: use a timer'),
    ('assert', r'assert', 'goes away in a release: use hw_assert'),
    ('error', r'strerror|perror', 'shares a buffer or prints by itself: use hw_error_name'),
    ('jump', r'setjmp|longjmp', 'leaves invariants behind'),
    ('allocation', r'malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|aligned_alloc|'
     r'posix_memalign', 'allocates: memory comes from a pool that the budget counts'),
    ('json', r'json_(?:load|dump|pack|unpack|object|array|string|decref|set)\w*',
     'allocates: JSON is parsed in net/wire/share_wish.c, and written by http_writer'),
    ('random', r'rand|random|srand|srandom|drand48', 'can be guessed: use hw_random_bytes'),
)

# (rule, file): reason. tests may allocate and assert as their framework does; they are not searched.
ALLOWED_CALLS = {
    ('allocation', 'core/catalog/catalog_sqlite.c'): 'one struct, before its thread starts',
    ('allocation', 'core/catalog/catalog_watch.c'): 'at init, buckets only',
    ('allocation', 'core/catalog/homes.c'): 'at init, as many as the budget counted',
    ('allocation', 'core/catalog/pins.c'): 'at init, as many as the budget counted',
    ('allocation', 'core/main/check.c'): 'no daemon runs: buffers, and the list of what is damaged',
    ('allocation', 'core/main/daemon.c'): 'the nodes, their metrics and the scrubber, before threads',
    ('allocation', 'core/store/files_posix.c'): 'the list of segments, at start-up',
    ('json', 'net/wire/share_wish.c'): 'jansson; what it may allocate is bounded before it is called',
    ('sleep', 'core/main/listen.c'): 'at start-up: the daemon before us may still hold the port',
    ('sleep', 'core/store/files_posix.c'): 'at start-up: the daemon before us may still hold the lock',
}

# A .c has a test of its own name, tests/unit/<room>/<file>_test.c, unless it stands here: with the
# test that covers it, which must exist, ...
COVERED_BY = {
    'simd/aes_gcm_vaes.c': 'tests/unit/simd/aes_gcm_test.c',
    'simd/cpu.c': 'tests/unit/simd/kernels_test.c',
    'simd/crc32_avx512.c': 'tests/unit/simd/crc32_test.c',
    'simd/crc32_pclmul.c': 'tests/unit/simd/crc32_test.c',
    'simd/crc32_portable.c': 'tests/unit/simd/crc32_test.c',
    'simd/crc32c_avx512.c': 'tests/unit/simd/crc32c_test.c',
    'simd/crc32c_portable.c': 'tests/unit/simd/crc32c_test.c',
    'simd/crc32c_sse42.c': 'tests/unit/simd/crc32c_test.c',
    'simd/sha256_ni.c': 'tests/unit/simd/sha256_test.c',
    'simd/sha256_portable.c': 'tests/unit/simd/sha256_test.c',
    'simd/sha256_x8_avx2.c': 'tests/unit/simd/sha256_test.c',
    'simd/sha256_x8_avx512vl.c': 'tests/unit/simd/sha256_test.c',
    'simd/sha256_x16_avx512.c': 'tests/unit/simd/sha256_test.c',
    'core/store/chunk_reader.c': 'tests/unit/store/chunk_test.c',
    'core/store/chunk_writer.c': 'tests/unit/store/chunk_test.c',
    'core/store/files_posix.c': 'tests/unit/store/files_test.c',
    'core/store/store.c': 'tests/unit/store/chunk_test.c',
    'net/conn/http_answer.c': 'tests/unit/conn/http_conn_test.c',
    'net/talk/archive_body.c': 'tests/unit/talk/archive_test.c',
    'net/talk/archive_file.c': 'tests/unit/talk/archive_live_test.c',
    'net/talk/archive_head.c': 'tests/unit/talk/archive_test.c',
    'net/talk/download_body.c': 'tests/unit/talk/download_test.c',
    'net/talk/download_head.c': 'tests/unit/talk/download_test.c',
    'net/conn/http_head.c': 'tests/unit/conn/http_conn_test.c',
    'net/conn/http_tls_in.c': 'tests/unit/conn/http_tls_test.c',
    'net/conn/http_tls_out.c': 'tests/unit/conn/http_tls_test.c',
    'net/conn/http_upgrade.c': 'tests/unit/conn/ws_conn_test.c',
    'net/conn/tls_hello.c': 'tests/unit/conn/tls_handshake_test.c',
    'net/conn/tls_server.c': 'tests/unit/conn/http_tls_test.c',
    'net/conn/ws_server.c': 'tests/unit/conn/ws_conn_test.c',
    'net/wire/tls_aead.c': 'tests/unit/wire/tls_record_test.c',
    'net/wire/zip_record.c': 'tests/unit/wire/zip_test.c',
    'net/talk/report.c': 'tests/unit/talk/room_test.c',
    'net/talk/room_feed.c': 'tests/unit/talk/room_test.c',
    'net/talk/room_text.c': 'tests/unit/talk/room_test.c',
    'net/talk/room_transfer.c': 'tests/unit/talk/room_test.c',
}
# ... or with the reason why there is none. A row for a whole room ends in /.
UNTESTED = {
    'core/loop/ring_probe.c': "the kernel's side: tests/integration runs over it",
    'core/main/': 'the roof: tests/integration starts it as a whole',
    'core/cli/': 'a client of the public interface: tests/integration runs it',
}

# Headers that do not compile alone, with the reason.
NOT_ALONE = {
    'simd/sha256_lanes.h': 'a template: whoever includes it has said what a vector is',
    'simd/sha256_x8_load.h': 'a part of the template above',
}

FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
FILE_LINES_MAX = {'.c': 800, '.h': 200, '.py': 800, '.sh': 400}
CARD = ('Room:', 'Thread:', 'Blocks:', 'Allocates:')
CARD_LINES = 16  # the room card stands in the first lines of a header
SPDX = 'SPDX-License-Identifier: Apache-2.0'
SPDX_NAMES = re.compile(r'\.(c|h|def|py|sh|cmake|ts|svelte|sql|lua)$|(^|/)(CMakeLists\.txt|run)$')
SKIPPED_DIRS = {'build', '.git', 'node_modules', 'corpus', 'dist', '__pycache__'}
# Split, so that this file may be searched too.
LEFTOVER = re.compile(r'\b(' + '|'.join(('FIX' + 'ME', 'TO' + 'DO', 'X' + 'XX', 'HA' + 'CK')) + r')\b')
INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')
UNCHECKED_TEXT = ('tests/tidy/tidy_test.py',)  # plants every fault


class Tidy:
    """The faults of one tree."""

    def __init__(self, root):
        self.root = root
        self.faults = []

    def fault(self, path, line, text):
        self.faults.append(f'{path.relative_to(self.root)}:{line}: {text}')

    def run(self, compiles_headers=False):
        for path in self.files():
            self.text_check(path)
            rel = str(path.relative_to(self.root))
            if path.suffix in ('.c', '.h', '.def') and rel.startswith(SOURCE_DIRS + ('tests/',)):
                self.source_check(path, rel)
            if path.suffix == '.h' and compiles_headers:
                self.header_compile(path)
        return self.faults

    def files(self):
        """All files that are ours to read, in order."""
        return sorted(path for path in self.root.rglob('*')
                      if path.is_file() and SPDX_NAMES.search(str(path.relative_to(self.root)))
                      and not any(self.is_skipped(part)
                                  for part in path.relative_to(self.root).parts[:-1]))

    @staticmethod
    def is_skipped(part):
        return part in SKIPPED_DIRS or part.startswith('build-')

    # Every file, in whatever language.

    def text_check(self, path):
        lines = path.read_text(encoding='utf-8').split('\n')
        if not any(SPDX in line for line in lines[:3]):
            self.fault(path, 1, f'the first line must hold "{SPDX}"')
        most = FILE_LINES_MAX.get(path.suffix)
        if most and len(lines) > most:
            self.fault(path, len(lines), f'file exceeds {most} lines: name the second concept in it')
        if str(path.relative_to(self.root)) in UNCHECKED_TEXT:
            return
        for number, line in enumerate(lines, 1):
            found = LEFTOVER.search(line)
            if found:
                self.fault(path, number, f'leftover {found.group(1)}')
            if line != line.rstrip():
                self.fault(path, number, 'blanks at the end of the line')

    # C.

    def source_check(self, path, rel):
        text = path.read_text(encoding='utf-8')
        lines = text.split('\n')
        code = strip(text).split('\n')
        self.columns_check(path, lines)
        self.functions_check(path, code)
        self.line_comments_check(path, text)
        if path.suffix == '.h':
            self.guard_check(path, rel, lines)
        if rel.startswith('tests/'):
            return
        if path.suffix == '.h':
            self.card_check(path, lines)
        room = room_of(rel)
        if room not in MAY_INCLUDE:
            self.fault(path, 1, f'{room} is no room')
            return
        self.includes_check(path, room, lines)
        self.calls_check(path, rel, code)
        if path.suffix == '.c':
            self.test_check(path, rel, room)

    def columns_check(self, path, lines):
        for number, line in enumerate(lines, 1):
            if len(line.expandtabs(8)) > COLUMNS_MAX:
                self.fault(path, number, f'line exceeds {COLUMNS_MAX} columns')

    def functions_check(self, path, code):
        """A body opens and closes with a brace in the first column; so says .clang-format."""
        start = None
        for number, line in enumerate(code, 1):
            if line == '{':
                start = number
            elif line == '}' and start:
                if number - start - 1 > FUNCTION_LINES_MAX:
                    self.fault(path, start, f'function exceeds {FUNCTION_LINES_MAX} lines')
                start = None

    def line_comments_check(self, path, text):
        for number, line in enumerate(strip(text, keeps_line_comments=True).split('\n'), 1):
            if '//' in line:
                self.fault(path, number, 'use /* */: // is for what must go')

    def guard_check(self, path, rel, lines):
        guard = 'HW_' + re.sub(r'[^A-Z0-9]', '_', rel.upper())
        wanted = [f'#ifndef {guard}', f'#define {guard}']
        directives = [line for line in lines if re.match(r'\s*#', line)]
        if directives[:2] != wanted or directives[-1] != '#endif':
            self.fault(path, 1, f'the guard must be {guard}')

    def card_check(self, path, lines):
        head = '\n'.join(lines[:CARD_LINES])
        missing = [word for word in CARD if word not in head]
        if missing:
            self.fault(path, 1, f'the room card does not say {" ".join(missing)}')

    def includes_check(self, path, room, lines):
        for number, line in enumerate(lines, 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            target = room_of(found.group(1))
            if '/' not in found.group(1) or found.group(1).startswith('.'):
                self.fault(path, number, 'includes go from the root: "core/base/span.h"')
            elif target not in MAY_INCLUDE:
                self.fault(path, number, f'{room} must not include {target}')
            elif target != room and MAY_INCLUDE[room] is not None \
                    and target not in MAY_INCLUDE[room]:
                self.fault(path, number, f'{room} must not include {target}')

    def calls_check(self, path, rel, code):
        for number, line in enumerate(code, 1):
            for rule, names, why in BANNED_CALLS:
                # Neither hw_x_free() nor op->free(), which are other functions.
                found = re.search(rf'(?<![\w.>])({names})\s*\(', line)
                if found and (rule, rel) not in ALLOWED_CALLS:
                    self.fault(path, number, f'{found.group(1)}() {why}')

    def test_check(self, path, rel, room):
        test = COVERED_BY.get(rel, f'tests/unit/{room.split("/")[-1]}/{path.stem}_test.c')
        exists = (self.root / test).exists()
        is_excused = rel in UNTESTED or f'{room}/' in UNTESTED
        if not exists and not is_excused:
            self.fault(path, 1, f'has no {test}')
        if exists and rel in UNTESTED:
            self.fault(path, 1, f'has {test}: take it off the list of the untested')

    def header_compile(self, path):
        rel = str(path.relative_to(self.root))
        if rel in NOT_ALONE:
            return
        command = ['gcc', '-fsyntax-only', '-std=gnu17', '-Wall', '-Wextra', '-D_GNU_SOURCE',
                   '-DHW_VERSION="0"', '-DHW_FAILPOINTS=0', f'-I{self.root}', '-x', 'c', '-']
        done = subprocess.run(command, input=f'#include "{rel}"\n', capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            first = next((line for line in done.stderr.split('\n') if 'error' in line), 'unknown')
            self.fault(path, 1, f'does not compile alone: {first}')


def room_of(rel):
    """'core/base/span.h' -> 'core/base'; simd has no rooms below it."""
    parts = rel.split('/')
    return 'simd' if parts[0] == 'simd' else '/'.join(parts[:2])


def strip(text, keeps_line_comments=False):
    """The text with strings and comments blanked; its lines stay where they are."""
    pattern = r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    if not keeps_line_comments:
        pattern += r'|//[^\n]*'
    return re.sub(pattern, lambda found: re.sub(r'[^\n]', ' ', found.group()), text, flags=re.S)


def main():
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith('--')]
    root = pathlib.Path(arguments[0] if arguments else '.').resolve()
    faults = Tidy(root).run(compiles_headers='--headers' in sys.argv)
    print('\n'.join(faults) or 'tidy: clean')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
