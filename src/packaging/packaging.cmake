# SPDX-License-Identifier: Apache-2.0
# What cpack makes of an installation: an archive that works wherever it is unpacked, and, where the
# build is for /usr on a Debian-like system (preset "package"), packages for it.
set(CPACK_PACKAGE_NAME libfasteners)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "libfasteners maintainers <maintainers@libfasteners.invalid>" CACHE STRING
    "Who made the packages: name and address")
set(CPACK_PACKAGE_FILE_NAME
    libfasteners-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_STRIP_FILES ON)
# Not what the umask of whoever packs makes of them.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_GENERATOR TGZ)
set(CPACK_SOURCE_GENERATOR TGZ)
set(CPACK_SOURCE_PACKAGE_FILE_NAME libfasteners-${PROJECT_VERSION})
set(CPACK_SOURCE_IGNORE_FILES /build/ "/\\.git/" "/\\.cache/")
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_BINARY_DIR}/each_generator.cmake)

find_program(FASTENERS_DPKG_SHLIBDEPS dpkg-shlibdeps)
mark_as_advanced(FASTENERS_DPKG_SHLIBDEPS)
if(FASTENERS_DPKG_SHLIBDEPS AND BUILD_SHARED_LIBS AND CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    list(APPEND CPACK_GENERATOR DEB)
endif()

# The files of Debian's that name a version. The date is SOURCE_DATE_EPOCH, if that is set. The
# release comes before whatever a distribution makes of the same version.
set(debian_dir ${CMAKE_CURRENT_BINARY_DIR}/debian)
set(debian_release 0upstream1)
string(TIMESTAMP debian_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(debian_contact "${CPACK_PACKAGE_CONTACT}")
set(debian_runtime libfasteners${PROJECT_VERSION_MAJOR})
foreach(file changelog shlibs)
    configure_file(packaging/debian/${file}.in debian/${file} @ONLY)
endforeach()
configure_file(packaging/debian/triggers debian/triggers COPYONLY)
configure_file(packaging/debian/copyright debian/copyright COPYONLY)
foreach(script each_generator archive debian)
    configure_file(packaging/${script}.cmake.in ${script}.cmake @ONLY)
endforeach()

include(CPack)
