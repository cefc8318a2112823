#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The steps of tests/run, in order, and what they add up to.

    debug        gcc, failpoints: all unit tests, the rules of the house
    web          the portal's types and logic, without a browser
    asan         gcc, address and undefined behaviour: all unit tests again
    integration  the daemon (asan build; debug with --fast) over real sockets
    browser      the portal in Debian's Chromium, against the daemon (debug build); pictures in build/screenshots
    crash        the daemon (debug build) killed at every failpoint and at random
    tsan         data races: the tests of what threads share
    clang        the other compiler builds everything, without a warning
    fuzz         libFuzzer: every corpus, then some seconds of search each
    release      what is shipped, built as packaging/run builds it; 10 GiB through it and back
    vm           what is shipped on Debian 12's own kernels, emulated: 6.1 and 6.12; power cuts
    bench        tests/bench/run and shares for some seconds: do they still measure?
    lint         clang-format, tidy.py with headers, clang-tidy, cppcheck

A step is a list of commands; one that fails ends its step, the next step runs all the same. All that
they say goes to build/logs/STEP.log; the end of it is printed when something failed. The last line
counts tests (of ctest and pytest); a command that fails without a failed test to show counts as one.
"""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / 'build' / 'logs'
PYTHON = '/usr/bin/python3'
FAST = ('debug', 'integration')
TAIL_LINES = 150   # of the log, when something failed
MINUTES_MAX = 20   # for one command; what takes longer hangs
SOAK_MINUTES_MAX = 12 * 60
UNINTERESTING = re.compile(r'^\[\d+/\d+\] (Building|Linking|Generating)|^ +Start +\d+: |   Passed  '
                           r'|^\[ RUN      \]|^\[       OK \]')
FUZZ_SECONDS = 3
SOAK_FUZZ_SECONDS = 600
# What threads share: mailboxes, threads and workers, log and metrics, the catalog's thread.
SHARED_BY_THREADS = r'^unit/(base|loop|catalog)/'

SANITIZER_ENVIRONMENT = {
    # Not detect_stack_use_after_return: gcc 12 then gives 64-byte vectors stack that is not aligned to
    # 64 (its bug 110027), and the AVX-512 kernels fault.
    'ASAN_OPTIONS': 'detect_leaks=1:strict_string_checks=1',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
    'TSAN_OPTIONS': 'halt_on_error=1:second_deadlock_stack=1',
}
# Options of the daemon that whoever calls may have set; a test says itself what it wants.
FOREIGN_ENVIRONMENT = ('HAWSER', 'PORT', 'LOG_LEVEL', 'MAX_FILE_SIZE', 'CTEST_', 'PYTEST_')
BIG = 'test_10_gib'  # takes a minute and 10 GiB of disk; run by the release step
FOR_TESTS = ('HAWSER_SEED',)


class Failed(Exception):
    """A command of a step failed; the step ends here."""


class Step:
    """One row of the table: runs commands, counts tests, remembers what went wrong."""

    def __init__(self, name, options):
        self.name = name
        self.options = options
        self.log_path = LOGS / f'{name}.log'
        self.passed = self.failed = self.skipped = 0
        self.seconds = 0.0
        self.notes = []

    def run(self, body):
        began = time.monotonic()
        with open(self.log_path, 'w', encoding='utf-8', errors='replace') as self.log:
            try:
                body(self)
            except Failed as failure:
                self.notes.append(str(failure))
        self.seconds = time.monotonic() - began
        if self.notes:
            self.tail_print()

    def tail_print(self):
        text = self.log_path.read_text(encoding='utf-8', errors='replace')
        lines = [line for line in text.split('\n') if not UNINTERESTING.search(line)]
        print(f'---- the end of {self.log_path.relative_to(ROOT)}, without what went well')
        print('\n'.join(line[:400] for line in lines[-TAIL_LINES:]))
        print(f'---- {self.name}: {"; ".join(self.notes)}', flush=True)

    def command(self, *words, environment=None, counts_itself=False):
        """Run it, return whether it ended with 0; what fails without tests to show counts as one."""
        began = time.monotonic()
        text = ' '.join(str(word) for word in words)
        print(f'{self.name}: {text}', flush=True)
        self.log.write(f'==== {text}\n')
        self.log.flush()
        status = self.wait([str(word) for word in words], environment)
        self.log.write(f'==== ended with {status} after {time.monotonic() - began:.0f} s\n')
        self.log.flush()
        if status != 0 and not counts_itself:
            self.failed += 1
            raise Failed(f'"{text}" ended with {status}')
        return status == 0

    def each(self, *commands):
        """Commands that do not need each other: all run, each that fails counts."""
        failures = []
        for words in commands:
            try:
                self.command(*words)
            except Failed as failure:
                failures.append(str(failure))
        if failures:
            raise Failed('; '.join(failures))

    def wait(self, words, environment):
        """In a session of its own, so that a command that hangs ends with all it has started."""
        minutes = SOAK_MINUTES_MAX if self.options.soak else MINUTES_MAX
        try:
            process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self.log,
                                       stderr=subprocess.STDOUT, start_new_session=True,
                                       env={**environment_clean(), **(environment or {})})
        except OSError as error:
            self.log.write(f'{error}\n')
            return 127
        try:
            return process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            self.log.write(f'==== took longer than {minutes} minutes: ended\n')
            return -signal.SIGKILL
        finally:
            # Also what a command that did end has left behind.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def build(self, preset, *targets, configure=()):
        self.command('cmake', '--preset', preset, *configure)
        wanted = ['--target', *targets] if targets else []
        # -k 0: one run names everything that does not build.
        self.command('cmake', '--build', '--preset', preset, '-j', jobs(), *wanted, '--', '-k', '0')

    def ctest(self, preset, *selection, wrapper=()):
        report = LOGS / f'{self.name}.ctest.xml'
        report.unlink(missing_ok=True)
        is_good = self.command(*wrapper, 'ctest', '--preset', preset, '-j', jobs(),
                               '--no-tests=error', '--output-on-failure', '--output-junit', report,
                               *selection, counts_itself=True)
        self.count(report, is_good, 'ctest')

    def pytest(self, folder, hawserd, environment=None, selection=()):
        report = LOGS / f'{self.name}.pytest.xml'
        report.unlink(missing_ok=True)
        is_good = self.command(PYTHON, '-B', '-m', 'pytest', '-q', '-rs', '-p', 'no:cacheprovider',
                               f'--junitxml={report}', folder, *selection,
                               counts_itself=True,
                               environment={'HAWSERD': str(hawserd), **(environment or {})})
        self.count(report, is_good, 'pytest')

    def vitest(self, folder, environment=None):
        report = LOGS / f'{self.name}.vitest.xml'
        report.unlink(missing_ok=True)
        is_good = self.command('npm', 'run', '--silent', '--prefix', folder, 'test', '--',
                               '--reporter=default', '--reporter=junit',
                               f'--outputFile.junit={report}',
                               counts_itself=True, environment=environment)
        self.count(report, is_good, 'vitest')

    def count(self, report, is_good, runner):
        failures = []
        passed = 0
        if report.exists():
            for case in xml.etree.ElementTree.parse(report).getroot().iter('testcase'):
                if case.find('failure') is not None or case.find('error') is not None:
                    failures.append(case.get('name'))
                elif case.find('skipped') is not None:
                    self.skipped += 1
                    reason = case.find('skipped').get('message')
                    print(f'{self.name}: skipped {case.get("name")}: {reason}', flush=True)
                else:
                    passed += 1
        self.passed += passed
        self.failed += len(failures)
        if failures:
            raise Failed(f'{runner}: failed {", ".join(failures)}')
        if not is_good or passed == 0:
            self.failed += 1
            raise Failed(f'{runner} failed' if passed else f'{runner} ran no test')


def environment_clean():
    kept = {name: value for name, value in os.environ.items()
            if name in FOR_TESTS or not name.startswith(FOREIGN_ENVIRONMENT)}
    return {**kept, **SANITIZER_ENVIRONMENT}


def jobs():
    return str(len(os.sched_getaffinity(0)))


def debug(step):
    step.build('debug')
    step.ctest('debug')


def web(step):
    step.command('packaging/npm-ci', 'web')
    step.command('npm', 'run', '--silent', '--prefix', 'web', 'check')
    step.vitest('web')


def browser(step):
    step.build('debug', 'hawserd')
    step.command('packaging/npm-ci', 'tests/browser')
    step.command('npm', 'run', '--silent', '--prefix', 'tests/browser', 'check')
    step.vitest('tests/browser', {'HAWSERD': str(ROOT / 'build' / 'debug' / 'hawserd')})


def asan(step):
    step.build('asan')
    step.ctest('asan', '-E', '^tidy')


def integration(step):
    preset = 'debug' if step.options.fast else 'asan'
    step.build(preset)
    # Leaks are looked for in the unit tests: at its end the daemon's sandbox keeps the checker from
    # reading /proc, and it would fail for that.
    step.pytest('tests/integration', ROOT / 'build' / preset / 'hawserd',
                {'ASAN_OPTIONS': f'{SANITIZER_ENVIRONMENT["ASAN_OPTIONS"]}:detect_leaks=0'},
                () if step.options.fast else ('-k', f'not {BIG}'))


def crash(step):
    # Not the asan build: a kill leaves it nothing to report, and three times as many fit the time.
    step.build('debug')
    step.pytest('tests/crash', ROOT / 'build' / 'debug' / 'hawserd',
                {'HW_SOAK': '1'} if step.options.soak else {})


def tsan(step):
    # Its shadow memory wants the old places: kernels with more random bits in addresses have none.
    is_possible = subprocess.run(['setarch', '-R', 'true'], check=False, capture_output=True)
    wrapper = ('setarch', '-R') if is_possible.returncode == 0 else ()
    step.build('tsan')
    step.ctest('tsan', '-R', SHARED_BY_THREADS, wrapper=wrapper)


def clang(step):
    step.build('clang', 'all', 'hw_bench_hash', 'hw_bench_load')


def fuzz(step):
    seconds = SOAK_FUZZ_SECONDS if step.options.soak else FUZZ_SECONDS
    step.build('fuzz', configure=(f'-DHW_FUZZ_SECONDS={seconds}',))
    step.ctest('fuzz', '-R', '^fuzz/')


def release(step):
    step.command('packaging/run', '--build-only')
    step.pytest('tests/integration', ROOT / 'build' / 'release' / 'hawserd', {'HAWSER_BIG': '1'},
                ('-k', BIG))


def vm(step):
    step.command('packaging/run', '--build-only')
    step.pytest('tests/vm', ROOT / 'build' / 'release' / 'hawserd')
    step.command('tests/bench/path', '--smoke')


def bench(step):
    step.command('tests/bench/run', '--smoke')
    step.command(PYTHON, '-B', 'tests/bench/shares', '--smoke')


def lint(step):
    step.command('cmake', '--preset', 'clang')
    step.each(*(('cmake', '--build', '--preset', 'clang', '--target', target)
                for target in ('lint_format', 'lint_tidy', 'lint_clang_tidy', 'lint_cppcheck')))


STEPS = {body.__name__: body for body in
         (debug, web, asan, integration, browser, crash, tsan, clang, fuzz, release, vm, bench, lint)}


def table_print(steps):
    print(f'\n{"step":<12} {"seconds":>8} {"passed":>7} {"failed":>7} {"skipped":>8}')
    for step in steps:
        print(f'{step.name:<12} {step.seconds:>8.0f} {step.passed:>7} {step.failed:>7} '
              f'{step.skipped:>8}' + ('   ' + '; '.join(step.notes)[:160] if step.notes else ''))
    print(f'{"all":<12} {sum(step.seconds for step in steps):>8.0f}\n')


def options_parse():
    parser = argparse.ArgumentParser(
        prog='tests/run', formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument('--fast', action='store_true', help=f'only {" and ".join(FAST)}, in debug')
    parser.add_argument('--only', action='append', metavar='STEP', choices=STEPS,
                        help='this step; may be given several times')
    parser.add_argument('--soak', action='store_true',
                        help='crash and fuzz alone, for hours: before a release')
    parser.add_argument('--clean', action='store_true', help='throw the build folders away first')
    return parser.parse_args()


def main():
    options = options_parse()
    chosen = options.only or (FAST if options.fast else ('crash', 'fuzz') if options.soak else STEPS)
    if options.clean:
        for name in ('debug', 'asan', 'tsan', 'clang', 'fuzz', 'release'):
            shutil.rmtree(ROOT / 'build' / name, ignore_errors=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    steps = []
    for name, body in STEPS.items():
        if name in chosen:
            steps.append(Step(name, options))
            steps[-1].run(body)
    table_print(steps)
    failed = sum(step.failed for step in steps)
    skipped = sum(step.skipped for step in steps)
    # Read by machines: alone on the last line, and true.
    print(f'{sum(step.passed for step in steps)} passed, {failed} failed'
          + (f', {skipped} skipped' if skipped else ''), flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
