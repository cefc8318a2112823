# SPDX-License-Identifier: Apache-2.0
# cmake --build build/clang --target lint: what the tools say of every file of ours; no finding is the
# only good answer. Each step is a target of its own too: lint_format, lint_tidy, lint_clang_tidy,
# lint_cppcheck. clang-tidy reads compile_commands.json, so it sees what is configured in this build.
find_program(CLANG_FORMAT NAMES clang-format clang-format-14)
find_program(CLANG_TIDY NAMES clang-tidy clang-tidy-14)
find_program(CPPCHECK cppcheck)
set(LINT ${PROJECT_SOURCE_DIR}/tests/tidy/lint.py)

add_custom_target(lint_format
  COMMAND /usr/bin/python3 -B ${LINT} format ${CLANG_FORMAT} ${PROJECT_SOURCE_DIR}
  COMMENT "clang-format: is every file as .clang-format has it?" VERBATIM)
add_custom_target(lint_tidy
  COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/tidy/tidy.py ${PROJECT_SOURCE_DIR} --headers
  COMMENT "tidy.py: the rules of the house" VERBATIM)
add_custom_target(lint_clang_tidy
  COMMAND /usr/bin/python3 -B ${LINT} clang-tidy ${CLANG_TIDY} ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
  COMMENT "clang-tidy: each file of compile_commands.json" VERBATIM)
add_custom_target(lint_cppcheck
  COMMAND /usr/bin/python3 -B ${LINT} cppcheck ${CPPCHECK} ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}
  COMMENT "cppcheck: each file of compile_commands.json" VERBATIM)
add_custom_target(lint)
add_dependencies(lint lint_format lint_tidy lint_clang_tidy lint_cppcheck)
