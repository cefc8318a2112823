# SPDX-License-Identifier: Apache-2.0
# The fuzz targets of simd/; included by tests/fuzz/CMakeLists.txt after hw_fuzz() is defined.
hw_fuzz(sha256 LINKS hw_simd)
