# SPDX-License-Identifier: Apache-2.0
# The fuzz targets of net/talk: what it reads by itself out of a head.
hw_fuzz(pass LINKS hw_talk hw_gate hw_conn hw_wire hw_store hw_catalog hw_loop hw_simd hw_base hw_ring_kernel
  hw_files_kernel hw_clock_kernel)
hw_fuzz(policy_fields LINKS hw_talk hw_gate hw_conn hw_wire hw_store hw_catalog hw_loop hw_simd hw_base
  hw_ring_kernel hw_files_kernel hw_clock_kernel)
