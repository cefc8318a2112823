# SPDX-License-Identifier: Apache-2.0
"""A long path inside a virtual machine: server, router and client in network namespaces of their own.

The router's side to the client is the bottleneck: netem's rate, its loss, and a queue that holds one
product of bandwidth and delay. The delay lies on the way back, so that what is under way does not take
up the queue's room. Packets are as large as on a wire: a segment of 64 KiB would be lost as one.
"""
import collections
import re

# By their paths: busybox's shell prefers its own, which know no namespaces.
IP, TC = '/usr/bin/ip', '/usr/bin/tc'
NAMESPACES = ('server', 'router', 'client')
SERVER, CLIENT = '10.1.0.1', '10.2.0.1'
PORTS = {'cubic': 5000, 'bbr': 5001}
FRAME, PAYLOAD = 1514, 1448  # bytes of a full packet: on the wire, and of the file
CAN_CARRY = PAYLOAD / FRAME  # of a file, as a share of the bottleneck's rate
DELAY_QUEUE = 100000  # packets; it never fills
SETUP = f'''
set -e
for name in {' '.join(NAMESPACES)}; do
  {IP} netns add $name
  {IP} -n $name link set lo up
done
{IP} link add s0 netns server type veth peer name s1 netns router
{IP} link add c0 netns client type veth peer name c1 netns router
for pair in "server s0 {SERVER}" "router s1 10.1.0.2" "router c1 10.2.0.2" "client c0 {CLIENT}"; do
  set -- $pair
  {IP} -n $1 addr add $3/24 dev $2
  {IP} -n $1 link set $2 gso_max_segs 1
  {IP} -n $1 link set $2 up
done
{IP} -n server route add default via 10.1.0.2
{IP} -n client route add default via 10.2.0.2
{IP} netns exec router sysctl -qw net.ipv4.ip_forward=1
# Nothing that one download finds out about the path is told to the next.
{IP} netns exec server sysctl -qw net.ipv4.tcp_no_metrics_save=1
'''


Shape = collections.namedtuple('Shape', 'rate_mbit rtt_ms loss_percent')


class LongPath:
    """On a booted Guest that has ip, tc and curl."""

    def __init__(self, guest, file_mib):
        self.guest = guest
        guest.shell(SETUP)
        listen = ', '.join(f'{SERVER}:{port} congestion={name}' for name, port in PORTS.items())
        guest.daemon_start(prefix=f'{IP} netns exec server', listen=listen, tls_listen=None)
        link = guest.shell(
            f'head -c {file_mib}m /dev/urandom >/tmp/file && {IP} netns exec server '
            f'curl -fsS -T /tmp/file http://{SERVER}:{PORTS["cubic"]}/ && rm /tmp/file').strip()
        self.path = re.sub(r'^http://[^/]*', '', link)

    def bend(self, shape):
        """From now on the path is so; None: as the emulation gives it."""
        for name, device in (('router', 'c1'), ('client', 'c0')):
            self.guest.shell(f'{TC} -n {name} qdisc del dev {device} root 2>/dev/null || true')
        if shape is None:
            return
        queue = max(round(shape.rate_mbit * 1e6 / 8 * shape.rtt_ms / 1e3 / FRAME), 1)
        loss = f'loss random {shape.loss_percent}%' if shape.loss_percent else ''
        self.guest.shell(f'{TC} -n router qdisc add dev c1 root netem rate {shape.rate_mbit}mbit '
                         f'{loss} limit {queue}')
        self.guest.shell(f'{TC} -n client qdisc add dev c0 root netem delay {shape.rtt_ms}ms '
                         f'limit {DELAY_QUEUE}')

    def discipline(self, name):
        """Of the server's side: "fq", or None: none, as veth has it."""
        self.guest.shell(f'{TC} -n server qdisc del dev s0 root 2>/dev/null || true')
        if name:
            self.guest.shell(f'{TC} -n server qdisc add dev s0 root {name}')

    def download(self, congestion, seconds):
        """The first @seconds of one. Returns {mbit: of the file, resent: share of all segments}."""
        before = self.segments()
        said = self.guest.shell(
            f'{IP} netns exec client curl -sS -o /dev/null --max-time {seconds} '
            "-w '%{http_code} %{size_download} %{time_total}\\n' "
            f'http://{SERVER}:{PORTS[congestion]}{self.path} 2>&1 || [ $? -eq 28 ]', seconds + 60)
        status, size, took_s = said.strip().splitlines()[-1].split()
        assert status == '200', said
        after = self.segments()
        sent = after['OutSegs'] - before['OutSegs']
        resent = after['RetransSegs'] - before['RetransSegs']
        return {'mbit': int(size) * 8 / 1e6 / float(took_s), 'resent': resent / max(sent + resent, 1)}

    def segments(self):
        text = self.guest.shell(f'{IP} netns exec server cat /proc/net/snmp')
        names, values = (line.split()[1:] for line in text.splitlines() if line.startswith('Tcp:'))
        return dict(zip(names, map(int, values)))
