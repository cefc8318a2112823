#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Goal: tidy.py sees each fault it is there for, at its place, and none where there is none.

Method: a small tree that is clean; each test plants one fault in a copy of it and looks for the one
line that names it. What looks like a fault and is none is planted as well.
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tidy

SPDX = '/* SPDX-License-Identifier: Apache-2.0 */\n'
HEADER = '''/* SPDX-License-Identifier: Apache-2.0
 *
 * thing.h - a thing
 *
 * Room: {room}    Thread: any    Blocks: never    Allocates: never
 */
#ifndef {guard}
#define {guard}

#include <stdint.h>

uint32_t hw_thing_count(void);

#endif
'''
SOURCE = SPDX + '''#include "{header}"

uint32_t hw_thing_count(void)
{{
{body}
	return 1;
}}
'''


class TidyTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.directory.name)
        self.thing_make('core/base')

    def tearDown(self):
        self.directory.cleanup()

    def write(self, rel, text):
        path = self.root / rel
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')

    def thing_make(self, room, name='thing', body='', head=''):
        """A room with one header, one source and its test."""
        guard = 'HW_' + f'{room}/{name}.h'.upper().replace('/', '_').replace('.', '_')
        self.write(f'{room}/{name}.h', HEADER.format(room=room, guard=guard))
        self.write(f'{room}/{name}.c', head + SOURCE.format(header=f'{room}/{name}.h', body=body))
        self.write(f'tests/unit/{room.split("/")[-1]}/{name}_test.c', SPDX)

    def body_make(self, body):
        self.thing_make('core/base', body=body)

    def faults(self, **options):
        return tidy.Tidy(self.root).run(**options)

    def assert_clean(self, **options):
        self.assertEqual(self.faults(**options), [])

    def assert_fault(self, expected, **options):
        self.assertEqual(self.faults(**options), [expected])

    # What the tests stand on.

    def test_clean_tree(self):
        self.assert_clean(compiles_headers=True)

    def test_as_a_program(self):
        program = [sys.executable, tidy.__file__, str(self.root)]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, 'tidy: clean\n'))
        self.body_make('\tsystem("x");')
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout),
                         (1, 'core/base/thing.c:6: system() starts a shell\n'))

    # Arrows.

    def include_make(self, room, included):
        self.thing_make(room)
        path = self.root / room / 'thing.c'
        path.write_text(path.read_text() + f'#include "{included}"\n')
        return len(path.read_text().split('\n')) - 1

    def test_arrow_to_the_right(self):
        line = self.include_make('core/base', 'core/loop/ring.h')
        self.assert_fault(f'core/base/thing.c:{line}: core/base must not include core/loop')

    def test_arrow_to_the_left(self):
        self.include_make('core/loop', 'core/base/thing.h')
        self.include_make('net/talk', 'core/catalog/catalog.h')
        self.include_make('core/store', 'simd/sha256.h')
        self.assert_clean()

    def test_arrow_past_a_room(self):
        line = self.include_make('net/wire', 'core/loop/ring.h')
        self.assert_fault(f'net/wire/thing.c:{line}: net/wire must not include core/loop')

    def test_simd_is_alone(self):
        line = self.include_make('simd', 'core/base/thing.h')
        self.assert_fault(f'simd/thing.c:{line}: simd must not include core/base')

    def test_roof_sees_all_and_is_seen_by_none(self):
        self.include_make('core/main', 'net/talk/put.h')
        self.assert_clean()
        line = self.include_make('net/talk', 'core/main/daemon.h')
        self.assert_fault(f'net/talk/thing.c:{line}: net/talk must not include core/main')

    def test_product_does_not_include_tests(self):
        line = self.include_make('core/main', 'tests/sim/ring_sim.h')
        self.assert_fault(f'core/main/thing.c:{line}: core/main must not include tests/sim')

    def test_tests_include_anything(self):
        self.write('tests/unit/base/thing_test.c', SPDX + '#include "core/main/daemon.h"\n')
        self.assert_clean()

    def test_include_beside(self):
        line = self.include_make('core/base', 'thing.h')
        self.assert_fault(f'core/base/thing.c:{line}: includes go from the root: '
                          '"core/base/span.h"')

    def test_unknown_room(self):
        self.thing_make('core/attic')
        self.assertIn('core/attic/thing.c:1: core/attic is no room', self.faults())

    # Headers.

    def test_room_card(self):
        path = self.root / 'core/base/thing.h'
        path.write_text(path.read_text().replace('Blocks: never', ''))
        self.assert_fault('core/base/thing.h:1: the room card does not say Blocks:')

    def test_guard(self):
        path = self.root / 'core/base/thing.h'
        path.write_text(path.read_text().replace('HW_CORE_BASE_THING_H', 'HW_THING_H'))
        self.assert_fault('core/base/thing.h:1: the guard must be HW_CORE_BASE_THING_H')

    def test_no_guard(self):
        path = self.root / 'core/base/thing.h'
        lines = path.read_text().split('\n')
        path.write_text('\n'.join(line for line in lines if 'HW_CORE' not in line
                                  and '#endif' not in line))
        self.assert_fault('core/base/thing.h:1: the guard must be HW_CORE_BASE_THING_H')

    def test_header_alone(self):
        path = self.root / 'core/base/thing.h'
        path.write_text(path.read_text().replace('#include <stdint.h>', '/* nothing */'))
        self.assert_clean()
        faults = self.faults(compiles_headers=True)
        self.assertEqual(len(faults), 1)
        self.assertTrue(faults[0].startswith('core/base/thing.h:1: does not compile alone: '))

    # Every file.

    def test_spdx(self):
        for rel in ('core/base/table.def', 'tests/run', 'web/src/x.ts', 'packaging/cmake/a.cmake',
                    'core/base/CMakeLists.txt', 'tests/sim/a.py'):
            with self.subTest(rel):
                self.write(rel, '\n')
                self.assert_fault(f'{rel}:1: the first line must hold '
                                  '"SPDX-License-Identifier: Apache-2.0"')
                (self.root / rel).unlink()

    def test_spdx_below_the_interpreter(self):
        self.write('tests/run', '#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n')
        self.assert_clean()

    def test_what_is_not_ours(self):
        for rel in ('build/x.c', 'build-asan/x.c', 'web/node_modules/x.ts', 'README.md',
                    'tests/fuzz/corpus/x.c'):
            self.write(rel, '// nothing of ours\n')
        self.assert_clean()

    def test_leftovers(self):
        for word in ('FIX' + 'ME', 'TO' + 'DO', 'X' + 'XX'):
            with self.subTest(word):
                self.body_make(f'\t/* {word}: later */')
                self.assert_fault(f'core/base/thing.c:6: leftover {word}')
        self.body_make('\t/* XXXX and TODOS are words */')
        self.assert_clean()

    def test_trailing_blanks(self):
        self.body_make('\tint x; ')
        self.assert_fault('core/base/thing.c:6: blanks at the end of the line')

    def test_long_file(self):
        self.write('core/base/thing.h', (self.root / 'core/base/thing.h').read_text() + '\n' * 200)
        self.assertIn('file exceeds 200 lines: name the second concept in it', self.faults()[0])

    # C.

    def test_columns(self):
        self.body_make('\t/* ' + 'x' * 87 + ' */')
        self.assert_fault('core/base/thing.c:6: line exceeds 100 columns')
        self.body_make('\t/* ' + 'x' * 86 + ' */')  # a tab is eight
        self.assert_clean()

    def test_long_function(self):
        self.body_make('\tint x;\n' * 69)  # an empty line and the return make 71
        self.assert_fault('core/base/thing.c:5: function exceeds 70 lines')
        self.body_make('\tint x;\n' * 68)
        self.assert_clean()

    def test_line_comments(self):
        self.body_make('\tint x; // no')
        self.assert_fault('core/base/thing.c:6: use /* */: // is for what must go')
        self.body_make('\tconst char *x = "http://a"; /* https://b */')
        self.assert_clean()

    def test_banned_calls(self):
        for name in ('strcpy', 'sprintf', 'atoi', 'strtok', 'system', 'popen', 'localtime', 'sleep',
                     'usleep', 'malloc', 'calloc', 'realloc', 'free', 'strdup', 'assert', 'alloca',
                     'strerror', 'rand', 'setjmp', 'json_loadb', 'json_object_get'):
            with self.subTest(name):
                self.body_make(f'\t{name}(x);')
                faults = self.faults()
                self.assertEqual(len(faults), 1)
                self.assertTrue(faults[0].startswith(f'core/base/thing.c:6: {name}() '))

    def test_calls_that_look_banned(self):
        self.body_make('\thw_assert(x); static_assert(1); pool_free(x); x->free(x); x.free(x);\n'
                       '\t/* malloc() and\n\t * free(x) */ log("system(x)"); /* sleep(1) */ snprintf(x);\n'
                       '\tjson_head(x); hw_http_writer_json_string(x);')
        self.assert_clean()

    def test_tests_may_call(self):
        self.write('tests/unit/base/thing_test.c', SPDX + 'void f(void)\n{\n\tfree(0);\n}\n')
        self.assert_clean()

    def test_allowed_calls(self):
        for rule, rel in tidy.ALLOWED_CALLS:
            self.assertIn(rule, [row[0] for row in tidy.BANNED_CALLS], rel)
        room, name = 'core/catalog', 'pins'
        self.assertIn(('allocation', f'{room}/{name}.c'), tidy.ALLOWED_CALLS)
        self.thing_make(room, name, body='\tfree(x);')
        self.assert_clean()
        self.thing_make(room, name, body='\tsystem(x);')  # allowed is only what is named
        self.assert_fault('core/catalog/pins.c:6: system() starts a shell')

    # Tests beside sources.

    def test_untested(self):
        (self.root / 'tests/unit/base/thing_test.c').unlink()
        self.assert_fault('core/base/thing.c:1: has no tests/unit/base/thing_test.c')

    def test_excused(self):
        self.thing_make('core/loop', 'ring_probe')
        self.assert_fault('core/loop/ring_probe.c:1: has tests/unit/loop/ring_probe_test.c: '
                          'take it off the list of the untested')
        (self.root / 'tests/unit/loop/ring_probe_test.c').unlink()
        self.assert_clean()
        self.thing_make('core/main', 'daemon')
        (self.root / 'tests/unit/main/daemon_test.c').unlink()
        self.assert_clean()

    def test_covered_by_another(self):
        self.thing_make('simd', 'sha256_ni')
        (self.root / 'tests/unit/simd/sha256_ni_test.c').unlink()
        self.assert_fault('simd/sha256_ni.c:1: has no tests/unit/simd/sha256_test.c')
        self.write('tests/unit/simd/sha256_test.c', SPDX)
        self.assert_clean()

    def test_lists_have_reasons(self):
        for table in (tidy.ALLOWED_CALLS, tidy.UNTESTED, tidy.NOT_ALONE):
            for key, reason in table.items():
                self.assertGreater(len(reason.split()), 2, key)


if __name__ == '__main__':
    unittest.main()
