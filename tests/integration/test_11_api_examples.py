# SPDX-License-Identifier: Apache-2.0
"""Goal: the examples of net/talk/API.md work as they stand there.

Method: its shell blocks, in order, as one script.
"""
import os
import pathlib
import re
import subprocess
import sys

from hawser import ROOT


def test_examples(shared, folder):
    text = (ROOT / 'net/talk/API.md').read_text('utf-8')
    blocks = re.findall(r'^```sh\n(.*?)^```$', text, re.M | re.S)
    assert len(blocks) >= 7
    script = '\n'.join(['set -euo pipefail', f'base=http://127.0.0.1:{shared.port}', *blocks])
    path = f'{pathlib.Path(sys.executable).parent}:{os.environ["PATH"]}'  # our python3, too
    done = subprocess.run(['bash', '-c', script], cwd=folder, capture_output=True, text=True,
                          timeout=60, check=False, env={**os.environ, 'PATH': path})
    assert done.returncode == 0, f'{done.stdout}\n{done.stderr}'
