# SPDX-License-Identifier: Apache-2.0
"""What stops a bench, as a sentence."""
import os
import shutil

PACKAGES = {'ip': 'iproute2', 'tc': 'iproute2', 'node': 'nodejs', 'perf': 'linux-perf', 'depmod': 'kmod',
            'qemu-system-x86_64': 'qemu-system-x86', 'busybox': 'busybox-static',
            'mkfs.ext4': 'e2fsprogs'}


class Trouble(Exception):
    """Told to whoever started it; no trace of ours helps them."""


def program(name):
    found = shutil.which(name, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
    if not found:
        raise Trouble(f'{name} is not here: apt-get install {PACKAGES.get(name, name)}')
    return found
