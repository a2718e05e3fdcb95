/*
 * place.h - where a program that starts in a tree has its slot.
 *
 * Owns:    nothing; the slots are the ledger's.
 * Called:  startup, before main.
 * Context: one thread; takes the ledger's lock for moments, and asks /proc without it.
 * Fork:    nothing: a forked child takes the place that member.c was told.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_PLACE_H
#define RL_PRELOAD_PLACE_H

#include "contract/ledger_layout.h"

/*
 * The slot of the calling process, bound to it: its own from before exec, one
 * that its parent reserved, or a new one. Return: LEDGER_NONE when the table is full.
 */
uint32_t place_find(struct ledger *ledger);

#endif
