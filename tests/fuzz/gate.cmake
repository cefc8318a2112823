# SPDX-License-Identifier: Apache-2.0
# The fuzz targets of core/gate.
hw_fuzz(tokens LINKS hw_gate hw_loop hw_simd hw_base hw_clock_kernel)
