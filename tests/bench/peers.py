# SPDX-License-Identifier: Apache-2.0
"""Whom hawserd is measured against, each set up at its best for what is measured, on one core."""
import os
import subprocess

from network import port_free
from servers import LOAD, ROOT, Server
from trouble import Trouble, program

# The last that Debian 12's own node (18) runs; what came later speaks the same protocol.
TUS_PACKAGES = ('@tus/server@1.10.2', '@tus/file-store@1.5.1')
TUS_FOLDER = ROOT / 'build' / 'bench-peers' / 'tus'

NGINX_CONF = """
daemon off;
user {user};
worker_processes 1;
worker_rlimit_nofile 8192;
pid {folder}/pid;
error_log {folder}/log warn;
events {{ worker_connections 2048; use epoll; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {cache}
  server {{
    listen 127.0.0.1:{port}{ssl};
    {certificate}
    root {folder}/root;
    location / {{ dav_methods PUT; }}
  }}
}}
"""
NGINX_TLS = """ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384;"""

LIGHTTPD_CONF = """
server.document-root = "{folder}/root"
server.bind = "127.0.0.1"
server.port = {port}
server.max-worker = 0
server.max-fds = 8192
server.max-connections = 4096
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 300
server.errorlog = "{folder}/log"
server.network-backend = "sendfile"
mimetype.assign = ( "" => "application/octet-stream" )
"""

CADDYFILE = """
{{
  admin off
  auto_https off
  storage file_system {folder}/storage
  servers {{
    protocols h1
  }}
}}
{scheme}://:{port} {{
  bind 127.0.0.1
  {tls}
  root * {folder}/root
  file_server
}}
"""


class FolderServer(Server):
    """Serves what lies in a folder."""

    def start(self):
        (self.folder / 'root').mkdir()
        self.port = port_free()
        self.configure()
        self.wait_for(self.accepts)

    def place(self, seed, size):
        """Through the page cache, where it stays hot."""
        with open(self.folder / 'root' / 'placed', 'wb') as target:
            subprocess.run([str(LOAD), 'body', '--seed', str(seed), '--size', str(size)], stdout=target,
                           check=True)
        return '/placed'

    def uploaded_path(self, _seen, path):
        return f'{path}-0'


class Nginx(FolderServer):
    name = 'nginx'

    def configure(self):
        # Where one file is read again and again, it may keep it open.
        cache = '' if self.case.is_upload else 'open_file_cache max=1000 inactive=300s;'
        certificate = NGINX_TLS.format(certificate=self.options.certificate, key=self.options.key)
        (self.folder / 'conf').write_text(NGINX_CONF.format(
            folder=self.folder, port=self.port, cache=cache, ssl=' ssl' if self.has_tls else '',
            certificate=certificate if self.has_tls else '',
            user='root' if os.getuid() == 0 else 'nobody'))
        self.launch([program('nginx'), '-p', self.folder, '-e', self.folder / 'log', '-c',
                     self.folder / 'conf'])

    def accepts(self):
        return len(self.pids()) == 2 and super().accepts()

    @classmethod
    def version(cls):
        return subprocess.run([program('nginx'), '-v'], capture_output=True, text=True,
                              check=True).stderr.strip()


class Lighttpd(FolderServer):
    """As it comes: sendfile and its cache of what it knows of files."""

    name = 'lighttpd'

    def configure(self):
        (self.folder / 'conf').write_text(LIGHTTPD_CONF.format(folder=self.folder, port=self.port))
        self.launch([program('lighttpd'), '-D', '-f', self.folder / 'conf'])

    @classmethod
    def version(cls):
        return subprocess.run([program('lighttpd'), '-v'], capture_output=True, text=True,
                              check=True).stdout.strip()


class Caddy(FolderServer):
    name = 'caddy'

    def configure(self):
        scheme = 'https' if self.has_tls else 'http'
        tls = f'tls {self.options.certificate} {self.options.key}' if self.has_tls else ''
        (self.folder / 'conf').write_text(CADDYFILE.format(
            folder=self.folder, scheme=scheme, port=self.port, tls=tls))
        self.launch([program('caddy'), 'run', '--adapter', 'caddyfile', '--config',
                     self.folder / 'conf'], HOME=str(self.folder), GOMAXPROCS='1')

    @classmethod
    def version(cls):
        return 'caddy ' + subprocess.run([program('caddy'), 'version'], capture_output=True, text=True,
                                         check=True).stdout.strip()


class TusNode(Server):
    """The reference server of tus; it neither hashes nor syncs."""

    name = 'tus-node'

    @classmethod
    def prepare(cls):
        tus_install()

    def start(self):
        self.port = port_free()
        self.launch([program('node'), TUS_FOLDER / 'server.js', self.port, self.folder / 'files'])
        self.wait_for(self.accepts)

    def tus_begin(self):
        return '/files', None

    def tus_path(self, seen):
        return seen['link']

    @classmethod
    def version(cls):
        node = subprocess.run([program('node'), '--version'], capture_output=True, text=True,
                              check=True).stdout.strip()
        return f'{" ".join(TUS_PACKAGES)} on node {node}'


def tus_install():
    """Beside the builds, once."""
    script = (ROOT / 'tests' / 'bench' / 'tus_server.js').read_text(encoding='utf-8')
    TUS_FOLDER.mkdir(parents=True, exist_ok=True)
    (TUS_FOLDER / 'server.js').write_text(script, encoding='utf-8')
    stamp = TUS_FOLDER / 'installed'
    if stamp.exists() and stamp.read_text(encoding='utf-8') == ' '.join(TUS_PACKAGES):
        return
    (TUS_FOLDER / 'package.json').write_text('{"private": true}\n', encoding='utf-8')
    done = subprocess.run([program('npm'), 'install', '--no-audit', '--no-fund', '--ignore-scripts',
                           '--no-save', *TUS_PACKAGES], cwd=TUS_FOLDER, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f'npm cannot install {" ".join(TUS_PACKAGES)}: {done.stderr[-1000:]}')
    stamp.write_text(' '.join(TUS_PACKAGES), encoding='utf-8')


PEERS = {peer.name: peer for peer in (Nginx, Lighttpd, Caddy, TusNode)}
