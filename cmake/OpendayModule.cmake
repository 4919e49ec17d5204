# How a folder of src/ becomes a library, its tests and its fuzz targets.

include(CTest)

macro(openday_global_flags)
  set(CMAKE_CXX_STANDARD 23)
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_CXX_EXTENSIONS OFF)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough
                      -Woverloaded-virtual -Wundef -Werror -fno-omit-frame-pointer
                      -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
  # g++ 12 takes moves of std::variant and std::expected for reads of what was never written (GCC PR 105562 and its kin).
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
  find_program(OPENDAY_CCACHE ccache)
  if(OPENDAY_CCACHE)
    # A second checkout finds what the first one compiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
        CCACHE_SLOPPINESS=pch_defines,time_macros ${OPENDAY_CCACHE})
  endif()
  find_program(OPENDAY_MOLD mold)
  if(OPENDAY_MOLD AND NOT OPENDAY_FUZZ)
    add_link_options(-fuse-ld=mold)
  endif()
  if(CMAKE_UNITY_BUILD)
    # One translation unit a target: what every source includes is read once, which halves a build from nothing.
    set(CMAKE_UNITY_BUILD_BATCH_SIZE 0)
    add_compile_options(-Wno-subobject-linkage)  # g++ takes an included .cc file for a header
  endif()
  if(OPENDAY_SANITIZE)
    # g++ 12 sees uninitialised values inside the standard library's own templates when it instruments them.
    add_compile_options(-fsanitize=${OPENDAY_SANITIZE} -Wno-maybe-uninitialized)
    add_link_options(-fsanitize=${OPENDAY_SANITIZE})
    if(OPENDAY_SANITIZE MATCHES "undefined")
      add_compile_options(-fno-sanitize-recover=undefined)
    endif()
    if(OPENDAY_SANITIZE MATCHES "thread")
      add_compile_options(-Wno-tsan)  # it does not model fences, which the frame ring uses between processes
    endif()
  endif()
  if(OPENDAY_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
    add_link_options(-fsanitize=address,undefined)
  endif()
endmacro()

# openday_wrap(<name> PACKAGES <pkg-config modules…> SOURCES <files…> [PUBLIC <targets…>])
# One thin target per C library. Its headers are PRIVATE: nobody else sees the foreign names.
function(openday_wrap name)
  cmake_parse_arguments(ARG "" "" "PACKAGES;SOURCES;PUBLIC" ${ARGN})
  set(target openday_wrap_${name})
  pkg_check_modules(WRAP_${name} REQUIRED IMPORTED_TARGET ${ARG_PACKAGES})
  add_library(${target} STATIC ${ARG_SOURCES})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC openday_base ${ARG_PUBLIC} PRIVATE PkgConfig::WRAP_${name})
endfunction()

# openday_module(<name> SOURCES <files…> [PUBLIC <targets…>] [PRIVATE <targets…>])
function(openday_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target openday_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# A test's own code is cheap to run and, instrumented and optimised, dear to compile.
function(openday_test_flags target)
  if(OPENDAY_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# openday_test(<name> SOURCES <files…> LINK <targets…> [LABELS <labels…>] [TIMEOUT <seconds>])
# Labels: unit (pure, any build), process (starts processes, any build), realtime (release build, run serially), and besides one of the first two: threads
# (worth running under TSan). The targets all_realtime and all_threads build what carries the label.
function(openday_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  set(target test_${name})
  # Not for this build: a name that later lines may refer to, and nothing to build or run.
  if(OPENDAY_FUZZ OR (OPENDAY_SANITIZE AND "realtime" IN_LIST ARG_LABELS))
    add_executable(${target} EXCLUDE_FROM_ALL ${ARG_SOURCES})
    return()
  endif()
  add_executable(${target} ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ${ARG_LINK} openday_test_main fmt::fmt)
  target_precompile_headers(${target} REUSE_FROM openday_test_common)
  openday_test_flags(${target})
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  if("realtime" IN_LIST ARG_LABELS)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
    add_dependencies(all_realtime ${target})
  endif()
  if("threads" IN_LIST ARG_LABELS)
    add_dependencies(all_threads ${target})
  endif()
endfunction()

# openday_fuzz(<name> SOURCE <file> LINK <targets…>)
# Built as a libFuzzer binary in the fuzz preset; in every other build the same entry point replays the corpus in
# tests/corpus/<name>, so that a crash once found stays a test.
function(openday_fuzz name)
  cmake_parse_arguments(ARG "" "SOURCE" "LINK" ${ARGN})
  set(target fuzz_${name})
  if(OPENDAY_FUZZ)
    add_executable(${target} ${ARG_SOURCE})
    target_link_libraries(${target} PRIVATE ${ARG_LINK})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${target} ${ARG_SOURCE} ${CMAKE_SOURCE_DIR}/tests/fuzz_replay.cc)
    target_link_libraries(${target} PRIVATE ${ARG_LINK})
    add_test(NAME ${target} COMMAND ${target} ${CMAKE_SOURCE_DIR}/tests/corpus/${name})
    set_tests_properties(${target} PROPERTIES LABELS "unit;fuzz" TIMEOUT 60)
  endif()
endfunction()
