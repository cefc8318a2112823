# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on and with: kernel, processor, disk, programs, options in force."""
import json
import os
import pathlib
import subprocess

from servers import Hawserd
from trouble import program



def read(path):
    try:
        return pathlib.Path(path).read_text(encoding='utf-8', errors='replace').strip()
    except OSError:
        return ''


def field(text, name, separator):
    return next((line.split(separator, 1)[1].strip().strip('"') for line in text.split('\n')
                 if line.startswith(name) and separator in line), 'unknown')


def describe(options, network, servers):
    """{what: sentence}, before anything is measured."""
    return {
        **system(options),
        'network': network,
        'disk': disk(options),
        'hawserd': f'{Hawserd.version()}; {hawserd_says(options)}',
        'options': ' '.join(['--reactors 1', f'--cpus {options.server_cpu}', *Hawserd.options_more]),
        'load': load_version(options),
        'peers': '; '.join(server.version() for server in servers if server is not Hawserd) or 'none',
    }


def system(options):
    info = read('/proc/cpuinfo')
    flags = field(info, 'flags', ':').split()
    simd = [flag for flag in ('sha_ni', 'avx2', 'avx512f', 'vaes') if flag in flags]
    governor = read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor')
    memory_gib = int(field(read('/proc/meminfo'), 'MemTotal', ':').split()[0]) / (1 << 20)
    cores = len(os.sched_getaffinity(0))
    return {
        'cpu': f'{field(info, "model name", ":")} ({", ".join(simd)})'
               + (f', governor {governor}' if governor else ''),
        'cores': f'{cores}, {memory_gib:.0f} GiB; server on core {options.server_cpu}, load on core '
                 f'{options.load_cpu}',
        'kernel': f'Linux {os.uname().release}, {os.uname().version}; mitigations: '
                  f'{mitigations()}',
        'system': field(read('/etc/os-release'), 'PRETTY_NAME', '='),
    }


def hawserd_says(options):
    """Of what it found here, and of what it lacks."""
    with Hawserd(options) as server:
        lines = [json.loads(line) for line in server.out().split('\n') if line.startswith('{')]
    found = [f'{line["event"]}: {line[key]}' for line in lines for key in ('found', 'kernel')
             if key in line]
    lacks = [line['event'] for line in lines if line.get('level') == 'warn']
    return '; '.join([*found, f'warns of {", ".join(lacks) or "nothing"}'])


def mitigations():
    """Of how many of the processor's faults, for they cost each call of the kernel."""
    folder = pathlib.Path('/sys/devices/system/cpu/vulnerabilities')
    names = [path.name for path in folder.glob('*') if read(path).startswith('Mitigation')]
    return ', '.join(sorted(names)) or ('none' if folder.exists() else 'unknown')


def load_version(options):
    if options.load == 'ours':
        return 'hw_bench_load for all'
    done = subprocess.run([program('wrk'), '-v'], capture_output=True, text=True, check=False)
    return f'{done.stdout.split("Copyright")[0].strip()} for small downloads, hw_bench_load for the rest'


def disk(options):
    """What fio gets from it: above that no server can be whose answer is durable."""
    name = subprocess.run(['df', '--output=fstype,source', options.folder], capture_output=True,
                          text=True, check=False).stdout.split('\n')[1].split()
    text = ' on '.join(name)
    if options.alone or options.against:
        return text
    rates = []
    for verb in ('write', 'read'):
        rate = disk_rate(options, verb, '1')
        rates.append(f'{verb} {rate:.2f} GiB/s' if rate else f'{verb} not direct')
    return f'{text}; fio, 1 MiB, O_DIRECT, depth 4: {", ".join(rates)}'


def disk_rate(options, verb, direct):
    size = 32 if options.is_smoke else 1024
    done = subprocess.run(
        [program('fio'), '--name=disk', f'--filename={options.folder}/fio', f'--rw={verb}',
         '--bs=1M', '--iodepth=4', '--ioengine=libaio', f'--direct={direct}', f'--size={size}M',
         '--end_fsync=1', '--output-format=json'], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    return json.loads(done.stdout)['jobs'][0][verb]['bw_bytes'] / (1 << 30)
