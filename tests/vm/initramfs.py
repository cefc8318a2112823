# SPDX-License-Identifier: Apache-2.0
"""What a guest boots into: a cpio archive of our programs, the libraries and the modules they need.

Written here and not by cpio(1), which cannot make a device node unless it is root.
"""
import lzma
import pathlib
import re
import shutil
import stat
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
MODULES = ('virtio_pci', 'virtio_blk', 'virtio_net', 'veth', 'tcp_bbr', 'sch_fq', 'sch_netem',
           # Kernel TLS and its ciphers, which modprobe would find by itself on an installed system.
           'tls', 'aesni_intel', 'ctr', 'gcm', 'ghash_generic', 'chacha_generic', 'poly1305_generic',
           'chacha20poly1305')
FOLDERS = ('dev', 'disk', 'proc', 'run', 'segments', 'sys', 'tmp')
SBIN = ('/usr/sbin', '/sbin')
USER = 'hawser'
ETC = {'passwd': f'root:x:0:0::/:/bin/sh\n{USER}:x:999:999::/:/bin/sh\n',
       'group': f'root:x:0:\n{USER}:x:999:\n', 'hosts': '127.0.0.1 localhost\n'}


class Archive:
    """In the format "newc", which the kernel unpacks."""

    def __init__(self):
        self.parts = []
        self.names = set()

    def add(self, name, mode, data=b'', device=(0, 0)):
        """Once only, below folders that are made."""
        if name in self.names:
            return
        parent = name.rpartition('/')[0]
        if parent:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.names.add(name)
        self.write(name, mode, data, device)

    def write(self, name, mode, data, device=(0, 0)):
        path = name.encode() + b'\0'
        fields = (len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
        head = b'070701' + b''.join(b'%08x' % field for field in fields) + path
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def file(self, name, data, mode=0o644):
        self.add(name, stat.S_IFREG | mode, data)

    def program(self, path, name):
        """With all its libraries, where the loader looks for them."""
        self.file(name, pathlib.Path(path).read_bytes(), 0o755)
        done = subprocess.run(['ldd', path], capture_output=True, text=True, check=False)
        for library in re.findall(r'(/\S+) \(0x', done.stdout):  # none of a static program
            self.file(library[1:], pathlib.Path(library).read_bytes(), 0o755)

    def save(self, path):
        self.write('TRAILER!!!', 0, b'')
        path.write_bytes(b''.join(self.parts))


def build(path, kernel, hawserd, tools=()):
    """Into @path. @tools: programs of this machine by name, before busybox's of the same name."""
    archive = Archive()
    for name in FOLDERS:
        archive.add(name, stat.S_IFDIR | 0o755)
    archive.add('dev/console', stat.S_IFCHR | 0o600, device=(5, 1))
    archive.program(program('busybox'), 'bin/busybox')
    archive.add('bin/sh', stat.S_IFLNK | 0o777, b'busybox')
    archive.program(hawserd, 'usr/bin/hawserd')
    for name in tools:
        archive.program(program(name), f'usr/bin/{name}')
    for name in ('init', 'agent', 'daemon'):
        archive.file(name, (HERE / 'rootfs' / name).read_bytes(), 0o755)
    for name, text in ETC.items():
        archive.file(f'etc/{name}', text.encode())
    for index, module in enumerate(modules(kernel)):
        archive.file(f'modules/{index:02}-{module.name.split(".")[0]}.ko', content(module))
    archive.save(path)


def program(name):
    path = shutil.which(name) or shutil.which(name, path=':'.join(SBIN))
    assert path, f'{name} is not here: tests/run installs it'
    return path


def modules(kernel):
    """Paths, each behind those that it needs."""
    needs = {}
    for line in (kernel.modules / 'modules.dep').read_text().splitlines():
        path, _, others = line.partition(':')
        needs[module_name(path)] = [*reversed(others.split()), path]
    builtin = set(map(module_name, (kernel.modules / 'modules.builtin').read_text().split()))
    paths = {}
    for name in MODULES:
        assert name in needs or name in builtin, f'{kernel.release} has no module {name}'
        paths.update(dict.fromkeys(needs.get(name, ())))
    return [kernel.modules / path for path in paths]


def module_name(path):
    return path.rpartition('/')[2].partition('.')[0].replace('-', '_')


def content(module):
    data = module.read_bytes()
    return lzma.decompress(data) if module.suffix == '.xz' else data
