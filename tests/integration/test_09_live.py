# SPDX-License-Identifier: Apache-2.0
"""Goal: senders whose bytes are stored nowhere harm nobody: not others, not the stop of the daemon.

Method: live shares that nobody follows, as many as would keep every slab; an upload and a download
beside them; SIGTERM while they wait. And what is refused at a creation leaves nothing behind.
"""
import base64
import json

TUS = ('Tus-Resumable', '1.0.0')
OCTETS = ('Content-Type', 'application/offset+octet-stream')


def create(daemon, **wish):
    answer = daemon.ask('POST', '/api/v1/shares', [('Accept', 'application/json')],
                        json.dumps(wish).encode())
    assert answer.status == 201
    return json.loads(answer.body)


def bearer(share):
    return ('Authorization', 'Bearer ' + share['owner_token'])


def test_parts_of_another_share_leave_nothing_behind(make_daemon):
    daemon = make_daemon()
    one, other = create(daemon), create(daemon, link_name='parts-of-this-one-only')
    files = f"/api/v1/shares/{other['id']}/files"
    name = ('Upload-Metadata', 'filename ' + base64.b64encode(b'whole').decode())

    def part_of(share):
        answer = daemon.ask('POST', f"/api/v1/shares/{share['id']}/files",
                            [TUS, bearer(share), OCTETS, ('Upload-Length', '5'),
                             ('Upload-Concat', 'partial')], b'12345')
        assert answer.status == 201
        return answer.one('location')

    def final(target, part):
        return daemon.ask('POST', target, [TUS, bearer(other), name,
                                           ('Upload-Concat', 'final;' + part)], b'')

    foreign = part_of(one)
    for _ in range(3):
        assert final(files, foreign).status == 409
        seen = json.loads(daemon.get('/api/v1/shares/' + other['id']).body)
        assert seen['files'] == [] and seen['size'] == 0
    # Its name is free, and a share may be called by its link's own name.
    assert final('/api/v1/shares/parts-of-this-one-only/files', part_of(other)).status == 201
    assert daemon.get(f"/s/{other['id']}/whole").body == b'12345'
    daemon.stop()
