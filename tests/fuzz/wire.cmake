# SPDX-License-Identifier: Apache-2.0
foreach(name credentials disposition resume_head share_text share_wish tls_record tus_head ws_handshake)
  hw_fuzz(${name} LINKS hw_wire)
endforeach()
