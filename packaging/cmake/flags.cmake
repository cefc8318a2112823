# SPDX-License-Identifier: Apache-2.0
# One INTERFACE target carries every flag; each room links it, nobody sets flags of its own
# (only simd/*_<isa>.c get -m flags, in simd/CMakeLists.txt).
add_library(hw_flags INTERFACE)
target_include_directories(hw_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(hw_flags INTERFACE _GNU_SOURCE HW_VERSION="${PROJECT_VERSION}")
target_compile_options(hw_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wcast-qual -Wundef -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference -Wunused-result
  -Werror
  -fno-omit-frame-pointer -fstack-protector-strong -fstack-clash-protection -fcf-protection)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU") # clang 14 wants a second flag that later versions refuse
  target_compile_options(hw_flags INTERFACE -ftrivial-auto-var-init=zero)
endif()
# The portable baseline: one binary runs on every x86-64 machine.
target_compile_options(hw_flags INTERFACE -march=x86-64 -mtune=generic)
target_link_options(hw_flags INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

if(HW_SANITIZE)
  target_compile_options(hw_flags INTERFACE -fsanitize=${HW_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(hw_flags INTERFACE -fsanitize=${HW_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(hw_flags INTERFACE -D_FORTIFY_SOURCE=2)
endif()
if(HW_FUZZ)
  target_compile_options(hw_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(HW_FAILPOINTS)
  target_compile_definitions(hw_flags INTERFACE HW_FAILPOINTS=1)
else()
  target_compile_definitions(hw_flags INTERFACE HW_FAILPOINTS=0)
endif()

# hw_room(NAME SOURCES ... LINKS ...): one static library for each room; the links are its arrows.
function(hw_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(${name} PUBLIC hw_flags ${ROOM_LINKS} PRIVATE ${ROOM_PRIVATE_LINKS})
endfunction()
