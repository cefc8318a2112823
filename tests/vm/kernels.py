# SPDX-License-Identifier: Apache-2.0
"""Debian 12's own kernels: fetched by apt into build/vm, verified by it, and installed nowhere.

apt is given folders, a list of sources and a configuration of its own, so that this machine's are
neither changed nor needed; of the latter only the way to the network is taken over (proxy, retries).
What was fetched stays: remove build/vm/kernels to have newer ones.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = ROOT / 'build' / 'vm' / 'kernels'
SUITES = {'6.1': 'bookworm', '6.12': 'bookworm-backports'}  # whose default kernel is of that series
META = 'linux-image-cloud-amd64'  # small, and has all that a virtual machine needs
MIRROR = 'http://deb.debian.org/debian'
KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
APT_TIMEOUT_S = 300
# The system's own lines of these would fetch more than the one index that we read.
NOT_TAKEN_OVER = ('Acquire::IndexTargets', 'Acquire::Languages')
APT_CONF = '''
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
// Its own user may not be able to enter the folders above this one; signatures are checked anyway.
APT::Sandbox::User "root";
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::Main "/dev/null";
Dir::State::Lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
'''


class NoKernel(Exception):
    """A kernel cannot be had; the text says what to do."""


class Kernel:
    """One of them, unpacked."""

    def __init__(self, series):
        self.series = series
        self.folder = KERNELS / series
        self.image = next((self.folder / 'boot').glob('vmlinuz-*'))
        self.release = self.image.name.removeprefix('vmlinuz-')
        self.modules = self.folder / 'lib' / 'modules' / self.release


def kernel(series):
    """That of @series ("6.1"), from build/vm or from Debian."""
    if not (KERNELS / series).is_dir():
        fetch(series)
    return Kernel(series)


def fetch(series):
    """All in a folder beside the kernels, whose last part is renamed when it is complete."""
    KERNELS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='fetch-', dir=KERNELS.parent) as folder:
        said = []
        for mirror in mirrors(SUITES[series]):
            try:
                package = download(pathlib.Path(folder), mirror, series)
                break
            except NoKernel as trouble:
                said.append(str(trouble))
        else:
            raise NoKernel('\n'.join(said) + f'\nDebian\'s kernel {series} could not be fetched. '
                           'Is there a network? HW_VM_MIRROR=URL names another mirror of Debian.')
        root = pathlib.Path(folder) / 'root'
        run(['dpkg-deb', '-x', package, root])
        run(['depmod', '-b', root, next((root / 'lib' / 'modules').iterdir()).name])
        root.rename(KERNELS / series)


def mirrors(suite):
    """Whom to ask, in order: who was named, whom this machine asks, Debian."""
    named = os.environ.get('HW_VM_MIRROR')
    if named:
        return [named]
    form = '$(REPO_URI) $(CODENAME) $(ORIGIN) $(COMPONENT)'
    done = subprocess.run(['apt-get', 'indextargets', '--format', form, 'Created-By: Packages'],
                          capture_output=True, text=True, check=False)
    known = [line.split()[0].rstrip('/') for line in done.stdout.splitlines()
             if line.split()[1:] in ([suite, 'Debian', 'main'], ['bookworm', 'Debian', 'main'])]
    return list(dict.fromkeys([*known, MIRROR]))


def download(folder, mirror, series):
    """Returns the path of the package."""
    shutil.rmtree(folder / 'lists', ignore_errors=True)
    for name in ('lists/partial', 'cache/archives/partial'):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / 'status').touch()
    (folder / 'sources.list').write_text(
        f'deb [signed-by={KEYRING} arch=amd64] {mirror} {SUITES[series]} main\n')
    (folder / 'apt.conf').write_text(way_to_the_network() + APT_CONF.format(folder=folder))
    apt(folder, 'apt-get', '-q', 'update')
    package = real_package(apt(folder, 'apt-cache', 'show', META), series)
    apt(folder, 'apt-get', '-q', 'download', package)
    return next(folder.glob('linux-image-*.deb'))


def way_to_the_network():
    done = subprocess.run(['apt-config', 'dump', 'Acquire'], capture_output=True, text=True, check=False)
    return '\n'.join(line for line in done.stdout.splitlines() if not line.startswith(NOT_TAKEN_OVER))


def real_package(text, series):
    """NAME=VERSION of what the package without content depends on."""
    for name, version in re.findall(r'^Depends: (linux-image-\S+) \(= (\S+)\)$', text, re.MULTILINE):
        if version.startswith(series + '.'):
            return f'{name}={version}'
    raise NoKernel(f'{META} of {SUITES[series]} is not of the series {series}:\n{text}')


def apt(folder, *words):
    return run(words, folder, APT_CONFIG=str(folder / 'apt.conf'))


def run(words, folder=None, **more):
    """Its output. @more: of the environment."""
    text = ' '.join(map(str, words))
    path = os.environ['PATH'] + ':/usr/sbin:/sbin'
    environment = {**os.environ, 'LC_ALL': 'C', 'PATH': path, **more}
    try:
        done = subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=APT_TIMEOUT_S, check=False)
    except FileNotFoundError as error:
        raise NoKernel(f'{words[0]} is not here: tests/run installs it') from error
    except subprocess.TimeoutExpired as error:
        raise NoKernel(f'"{text}" took longer than {APT_TIMEOUT_S} s') from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-2000:]
        raise NoKernel(f'"{text}" ended with {done.returncode}: {said}')
    return done.stdout
