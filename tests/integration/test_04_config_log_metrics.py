# SPDX-License-Identifier: Apache-2.0
"""Goal: an operator is told what is wrong before anything starts, and what goes on afterwards; and
no log line gives a share away.

Method: bad flags, files and variables, each with the sentence it must get; everything the suite can
do, once, at debug level, and then a search of the log for every secret of it.
"""
import json
import os
import random
import re
import subprocess
import zipfile

import pytest

from hawser import MIB, Bytes, Daemon, Share, binary, chunked, environment, wait_until


def run(*flags, env=None, timeout_s=20):
    """(exit code, stdout, stderr) of a daemon that should not stay."""
    if not any(flag in flags for flag in ('--data-dir', '--print-config', '--help', '--version')):
        flags = (*flags, '--data-dir', '/proc/never')  # whatever happens: not the default one
    done = subprocess.run([binary(), *flags], env={**environment(), **(env or {})},
                          capture_output=True, text=True, timeout=timeout_s, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize('flags, words', [
    (['--nonsense', '1'], ['--nonsense', '--help']),
    (['--reactor', '1'], ['--reactor']),
    (['--data-dir', '/proc/never', '--reactors'], ['--reactors', 'value']),
    (['--reactors', '65'], ['--reactors', '65', '0 to 64']),
    (['--reactors', '-1'], ['--reactors', '-1']),
    (['--reactors', '1x'], ['1x']),
    (['--memory', '4PiB'], ['--memory']),
    (['--memory', '5 MiB'], ['--memory']),
    (['--segment-size', '1k'], ['--segment-size', '16MiB']),
    (['--head-timeout', '5'], ['--head-timeout']),
    (['--upload', 'some'], ['loopback, open, token or off']),
    (['--listen', '1.2.3.4'], ['1.2.3.4', 'port']),
    (['--listen', '127.0.0.1:65536'], ['65536']),
    (['--listen', 'a.example:80'], ['a.example']),
    (['--public-url', 'ftp://x'], ['ftp://x']),
    (['--sandbox', 'maybe'], ['maybe']),
    (['--log-level', 'loud'], ['error, warn, info or debug']),
    (['--config', '/does/not/exist'], ['/does/not/exist']),
    (['positional'], ['positional']),
    (['--data-dir', ''], ['--data-dir']),
])
def test_bad_flags(flags, words):
    code, out, err = run(*flags)
    assert code == 1 and out == ''
    assert err.startswith('hawserd: ') and err.count('\n') == 1, 'one sentence'
    for word in words:
        assert word in err


@pytest.mark.parametrize('variables, words', [
    ({'HAWSER_REACTORS': 'x'}, ['HAWSER_REACTORS', '"x"']),
    ({'HAWSER_NONSENSE': '1'}, ['HAWSER_NONSENSE']),
    ({'HAWSER_MEMORY': '1'}, ['HAWSER_MEMORY']),
    ({'PORT': 'http'}, ['PORT']),
    ({'MAX_FILE_SIZE': 'x'}, ['MAX_FILE_SIZE']),
    ({'HAWSER_FAILPOINT': 'no_such_place'}, ['HAWSER_FAILPOINT']),
])
def test_bad_variables(variables, words):
    code, out, err = run('--data-dir', '/nonexistent/x', env=variables)
    assert code == 1 and out == ''
    for word in words:
        assert word in err


@pytest.mark.parametrize('text, line, words', [
    ('reactors = 2\nnonsense = 4\n', 2, ['nonsense']),
    ('# a comment\n\nreactors = 99\n', 3, ['reactors', '99']),
    ('reactors 1\n', 1, ['key = value']),
    ('reactors = 1\nmemory = 8MiB\nreactors = 2\n', 3, ['reactors', 'twice', 'line 1']),
    ('reactors =\n', 1, ['reactors']),
    ('log_level = loud # quiet\n', 1, ['log_level']),
    ('reactors = 1\n\0\n', 2, []),
    ('x' * 5000 + ' = 1\n', 1, []),
])
def test_bad_files(folder, text, line, words):
    path = os.path.join(folder, 'hawser.conf')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    code, out, err = run('--config', path)
    assert code == 1 and out == ''
    assert f'{path}:{line}:' in err
    for word in words:
        assert word in err


def settings(text):
    """key -> value of what --print-config prints."""
    lines = [line for line in text.splitlines() if line and not line.startswith('#')]
    return {line.split('=', 1)[0].strip(): line.split('=', 1)[1].split('#')[0].strip()
            for line in lines}


def test_print_config_can_be_fed_back(folder):
    flags = ['--listen', '127.0.0.1:0,[::1]:7777', '--public-url', 'https://x.example', '--memory',
             '12MiB', '--data-dir', folder + '/a "b" \\c', '--idle-timeout', '90s', '--cpus', '0-1',
             '--upload', 'off', '--access-log', 'on']
    code, out, err = run(*flags, '--print-config')
    assert code == 0 and err == ''
    path = os.path.join(folder, 'hawser.conf')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(out)
    code, again, err = run('--config', path, '--print-config')
    assert code == 0 and err == ''
    first, second = settings(out), settings(again)
    assert second.pop('config', None) is not None or 'config' not in first
    first.pop('config', None)
    assert first == second
    assert first['memory'] == '12MiB' and first['upload'] == 'off'


def test_flags_before_variables_before_the_file(folder):
    path = os.path.join(folder, 'hawser.conf')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('reactors = 3\nmemory = 8MiB\nupload = off\n')
    code, out, _ = run('--config', path, '--reactors', '5', '--print-config',
                       env={'HAWSER_REACTORS': '4', 'HAWSER_MEMORY': '16MiB', 'PORT': '81'})
    now = settings(out)
    assert code == 0
    assert (now['reactors'], now['memory'], now['upload']) == ('5', '16MiB', 'off')
    assert now['listen'] == '127.0.0.1:81'


def test_help_and_version():
    code, out, err = run('--help')
    assert code == 0 and err == '' and '--data-dir' in out
    assert max(len(line) for line in out.splitlines()) <= 100
    code, out, err = run('--version')
    assert code == 0 and re.search(r'\d+\.\d+', out)


@pytest.mark.parametrize('options, event, word', [
    ({'data_dir': '/proc/nothing/here'}, 'data_dir.failed', 'writable'),
    ({'listen': '192.0.2.1:5000'}, 'listen.failed', 'address'),
    ({'congestion': 'nonesuch'}, 'listen.failed', 'tcp_available_congestion_control'),
    ({'tls_listen': '127.0.0.1:0 congestion=nonesuch'}, 'listen.failed',
     'tcp_available_congestion_control'),
    ({'user': 'no-such-user'}, 'user.unknown', 'user='),
    ({'cpus': '1000'}, 'cpus.none', 'cpus='),
    ({'memory': '1GiB', 'reactors': '64', 'connections_max': '24000'}, 'memory.too_much', 'lower'),
])
def test_a_start_that_cannot_be(folder, options, event, word):
    daemon = Daemon(folder, **options)
    daemon.launch()
    daemon.process.wait(20)
    assert daemon.process.returncode == 1
    lines = daemon.log()
    assert lines[-1]['level'] == 'error' and lines[-1]['event'] == event
    assert word in lines[-1]['advice'] and lines[-1]['error']


def test_a_port_that_is_taken(make_daemon, folder):
    """SO_REUSEPORT lets our own user share a port: so a stranger's socket must hold it."""
    import socket
    holder = socket.socket()
    holder.bind(('127.0.0.1', 0))
    holder.listen()
    daemon = Daemon(folder + '/taken', listen=f'127.0.0.1:{holder.getsockname()[1]}')
    daemon.launch()
    daemon.process.wait(30)
    assert daemon.process.returncode == 1
    assert daemon.log()[-1]['event'] == 'listen.failed'
    holder.close()


def test_a_data_dir_of_another_version(make_daemon):
    daemon = make_daemon()
    daemon.stop()
    (daemon.data / 'format').write_text('hawser 2\n')
    daemon.launch()
    assert daemon.process.wait(20) == 1
    assert daemon.log()[-1]['event'] == 'data_dir.format'
    assert (daemon.data / 'format').read_text() == 'hawser 2\n'
    (daemon.data / 'format').write_text('hawser 1\n')
    daemon.process = None
    daemon.start()


# -- the log -------------------------------------------------------------------------------------

def everything(daemon):
    """One of each kind of request, good and bad. Returns every secret that came up."""
    files = Bytes(4, 5 * MIB)
    secrets = []
    share = daemon.put(files.window(0, 5 * MIB), 'secret-name.bin')
    other = daemon.put_chunked(files.window(1, MIB), random.Random(4), 'other-name.bin')
    for one in (share, other):
        secrets += [one.id, one.token, one.path]
    daemon.get(share.path)
    daemon.get('/s/' + share.id)
    daemon.get(share.path, [('Range', 'bytes=0-1')])
    daemon.ask('HEAD', share.path)
    daemon.ask('OPTIONS', share.path)
    daemon.ask('POST', share.path)
    daemon.get(share.path + 'x')
    daemon.delete(share, other.token)
    daemon.delete(share, 'guess-of-a-token')
    secrets.append('guess-of-a-token')
    daemon.get('/metrics?token=' + share.token)
    with daemon.wire() as wire:  # malformed, with the id in it
        wire.send(f'GET {share.path} HTTP/1.1\r\nHost: t\r\n'
                  f'Bad Field: {share.token}\r\n\r\n'.encode())
        assert wire.answer().status == 400
    with daemon.wire() as wire:  # cut in a body
        wire.request('PUT', '/secret-name.bin', [('Content-Length', '100')])
        wire.send(b'x')
    with daemon.wire() as wire:
        wire.request('PUT', '/secret-name.bin', [('Transfer-Encoding', 'chunked')])
        wire.send(b'zz\r\n')
        assert wire.answer('PUT').status == 400
    with daemon.wire() as wire:  # cut in an answer
        wire.request('GET', share.path)
        wire.take(10)
    assert daemon.delete(share).status == 204
    wait_until(daemon.is_idle)
    return secrets


@pytest.mark.parametrize('access_log', ['on', 'off'])
def test_no_secret_in_the_log(make_daemon, access_log):
    daemon = make_daemon(log_level='debug', access_log=access_log)
    secrets = everything(daemon)
    daemon.stop()
    text = daemon.text()
    for secret in secrets:
        for piece in {secret, secret[:20], secret[-20:]}:
            assert piece not in text, 'a secret is in the log'
    for line in daemon.log():
        assert line['level'] in ('debug', 'info', 'warn', 'error')
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', line['time'])
        assert re.fullmatch(r'[a-z_.]+', line['event'])
    assert bool(daemon.events('request')) == (access_log == 'on')


def test_access_log(make_daemon):
    daemon = make_daemon(access_log='on')
    with daemon.wire() as wire:
        address, port = wire.socket.getsockname()
        wire.request('PUT', '/n', body=b'abc')
        share = Share(wire.answer('PUT'))
        wire.request('GET', share.path)
        wire.answer()
        wire.request('GET', '/s/' + 'a' * 26)
        wire.answer()
        wire.request('DELETE', share.path, [('Authorization', 'Bearer ' + share.token)])
        wire.answer()
        wire.send(b'BAD\r\n\r\n')
        wire.answer()
    lines = wait_until(lambda: len(found := daemon.events('request')) >= 5 and found)
    assert [(line['method'], line['status']) for line in lines[:4]] == [
        ('PUT', 201), ('GET', 200), ('GET', 404), ('DELETE', 204)]
    assert lines[4]['status'] == 400
    for line in lines:
        assert (line['peer'], line['port']) == (address, port)
        assert share.id[8:] not in json.dumps(line) and line['us'] >= 0
    assert lines[1]['sent'] > 3


def test_text_log(make_daemon):
    daemon = Daemon(make_daemon(is_started=False).folder, log_format='text', listen='127.0.0.1:0')
    daemon.launch()
    wait_until(lambda: ' ready ' in daemon.text() or ' ready' in daemon.text())
    daemon.process.terminate()
    assert daemon.process.wait(30) == 0
    for line in daemon.text().splitlines():
        assert not line.startswith('{') and 'assert:' not in line
        assert line.isprintable(), repr(line)


# -- pages ---------------------------------------------------------------------------------------

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="[^"\\\n]*",?)*\})? (\S+)')


def parse_metrics(text):
    """Prometheus' text format, strictly: (types, samples). A family stands together, behind its
    HELP and TYPE."""
    types, samples, helped = {}, {}, set()
    family = None
    assert text.endswith('\n')
    for line in text.splitlines():
        if line.startswith('# HELP '):
            _, _, family, sentence = line.split(' ', 3)
            assert family not in helped and sentence.endswith('.'), line
            helped.add(family)
        elif line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            assert name == family and kind in ('counter', 'gauge', 'histogram'), line
            types[family] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels, value = match[1], match[2] or '', float(match[3])
            stem = name
            if types[family] == 'histogram':
                stem = re.sub(r'_(bucket|sum|count)$', '', name)
            assert stem == family, line
            assert name + labels not in samples, line
            assert (types[family] == 'counter') == name.endswith('_total'), line
            samples[name + labels] = value
    return types, samples


def test_metrics(make_daemon):
    daemon = make_daemon()
    page = daemon.get('/metrics')
    assert page.one('content-type').startswith('text/plain; version=0.0.4')
    types, before = parse_metrics(page.body.decode())
    everything(daemon)
    _, after = parse_metrics(daemon.get('/metrics').body.decode())
    assert before.keys() == after.keys()
    for name, value in before.items():
        family = name.split('{')[0]
        stem = re.sub(r'_(bucket|sum|count)$', '', family)
        if types.get(family) == 'counter' or types.get(stem) == 'histogram':
            assert after[name] >= value, name
    grown = {name: after[name] - before[name] for name in after}
    assert grown['hawser_uploads_completed_total'] == 2
    assert grown['hawser_uploads_started_total'] == 4
    assert grown['hawser_uploads_failed_total'] == 2
    assert grown['hawser_requests_total{method="DELETE",status="2xx"}'] == 1
    assert grown['hawser_requests_total{method="DELETE",status="4xx"}'] == 2
    assert grown['hawser_bytes_received_total'] >= 6 * MIB
    assert grown['hawser_blocks_hashed_total'] == 6 * MIB / 16384
    assert after['hawser_blocks_corrupt_total'] == 0 and after['hawser_store_errors_total'] == 0
    assert after['hawser_cq_overflow_total'] == 0 and after['hawser_log_lines_dropped_total'] == 0
    for stem in [name for name, kind in types.items() if kind == 'histogram']:
        buckets = [(float('inf') if bound == '+Inf' else float(bound), value)
                   for name, value in after.items()
                   if name.startswith(stem + '_bucket')
                   for bound in re.findall(r'le="([^"]+)"', name)]
        assert [bound for bound, _ in buckets] == sorted(bound for bound, _ in buckets)
        assert [count for _, count in buckets] == sorted(count for _, count in buckets)
        assert buckets[-1] == (float('inf'), after[stem + '_count'])


def test_health(make_daemon):
    daemon = make_daemon()
    answer = daemon.get('/health')
    assert answer.status == 200 and answer.one('content-type') == 'application/json'
    health = json.loads(answer.body)
    assert health['status'] == 'ready' and health['uploads'] is True
    assert health['version'] == daemon.events('start')[0]['version']
    free = os.statvfs(daemon.data)
    assert 0 < health['bytes_free'] <= free.f_bavail * free.f_frsize + 256 * MIB


def test_usage_page(shared, tmp_path):
    """Its fields are those that there are, and its commands do what they say."""
    page = shared.get('/').body.decode()
    fields = set(re.findall(r'Hawser-(?!Owner)\w+', page))
    assert {'Hawser-Expires', 'Hawser-Downloads', 'Hawser-Password', 'Hawser-Link',
            'Hawser-Message'} == fields
    (tmp_path / 'big.iso').write_bytes(b'big')
    (tmp_path / 'a').write_bytes(b'small')
    values = {'<link>': '', '<token>': '', 'http://this-address': f'http://127.0.0.1:{shared.port}'}

    def run(start):
        command = re.search(rf'{re.escape(start)}.*?(?=  |$)', page, re.M).group()
        for name, value in values.items():
            command = command.replace(name, value)
        return subprocess.run(command, shell=True, cwd=tmp_path, check=True, capture_output=True,
                              text=True, timeout=30).stdout
    values['<link>'] = run("curl -T big.iso -H 'Hawser-Expires: 2h'").strip()
    (tmp_path / 'big.iso').unlink()
    run('curl -O <link>')
    assert (tmp_path / 'big.iso').read_bytes() == b'big'
    share = json.loads(run("curl -d '{}'"))
    values |= {'<link>': share['url'], '<token>': share['owner_token']}
    run('curl -T a -H')
    run('curl -OJ <link>.zip')
    assert zipfile.ZipFile(tmp_path / f'{share["id"]}.zip').read('a') == b'small'
    values['<link>'] += '/a'
    run('curl -X DELETE')
    assert shared.get(share['url'].split(str(shared.port))[1] + '/a').status == 404


def test_budget_is_printed(make_daemon):
    daemon = make_daemon()
    terms = daemon.events('memory.budget')
    assert sum(line['bytes'] for line in terms) == daemon.budget()
    assert len({line['holder'] for line in terms}) == len(terms) >= 5


def test_a_disk_error_is_told(make_daemon):
    """A stored byte that changed is never sent; the client sees a cut or a 500, the log why."""
    daemon = make_daemon(reactors='1', direct_io='off')
    files = Bytes(44, 5 * MIB)
    share = daemon.put(files.window(0, 5 * MIB))
    daemon.stop()
    segment = next(daemon.data.glob('shard-*/seg-*.dat'))
    with open(segment, 'r+b') as file:
        file.seek(MIB + 5)
        byte = file.read(1)
        file.seek(MIB + 5)
        file.write(bytes([byte[0] ^ 1]))
    daemon.start()
    daemon.expected_errors = {'download.failed', 'extent.corrupt'}
    with daemon.wire() as wire:
        wire.request('GET', share.path)
        head = wire.head()
        body = bytearray()
        while wire.more():
            pass
        body = bytes(wire.buffer)
    assert head.status in (200, 500)
    if head.status == 200:
        assert len(body) < 5 * MIB and body == files.window(0, 5 * MIB)[:len(body)]
    good = daemon.get(share.path, [('Range', f'bytes={4 * MIB}-')])
    assert good.status == 206 and good.body == files.window(0, 5 * MIB)[4 * MIB:]
    metrics = daemon.metrics()
    assert metrics['hawser_blocks_corrupt_total'] >= 1
    assert daemon.events('download.failed')[0]['level'] == 'error'


def test_chunked_encoder_is_right():
    """The suite's own tool: what it makes is what it was given."""
    data = random.Random(1).randbytes(700_000)
    raw = b''.join(bytes(piece) for piece in chunked(data, random.Random(2)))
    out, at = b'', 0
    while True:
        end = raw.index(b'\r\n', at)
        size = int(raw[at:end].split(b';')[0], 16)
        if size == 0:
            break
        out += raw[end + 2:end + 2 + size]
        at = end + 2 + size + 2
    assert out == data and raw.endswith(b'0\r\n\r\n')
