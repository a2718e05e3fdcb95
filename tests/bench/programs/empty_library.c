/*
 * empty_library.c - preloads nothing: what the loader takes for any library at all.
 *
 * SPDX-License-Identifier: MIT
 */
typedef int nothing_here;
