/* SPDX-License-Identifier: Apache-2.0
 *
 * lend_sim.h - memory that is lent to the simulated kernel; no test includes it
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_SIM_LEND_SIM_H
#define HW_TESTS_SIM_LEND_SIM_H

#include "tests/sim/sim_world.h"

/* With ASan: nobody may touch it; everybody may. */
void hw_sim_hide(void *bytes, uint32_t size);
void hw_sim_show(void *bytes, uint32_t size);
void hw_sim_lend_into(struct hw_sim_flight *flight, void *bytes, uint32_t size);
void hw_sim_lend_from(struct hw_sim_flight *flight, const struct iovec *parts, uint32_t count);
/* The kernel writes @size bytes at @at of what was lent. */
void hw_sim_lent_write(const struct hw_sim_flight *flight, uint32_t at, const void *bytes,
		       uint32_t size);
/* Copy @size bytes from @at of what was lent, after checking that all is as it was at submit. */
void hw_sim_lent_read(const struct hw_sim_flight *flight, uint32_t at, void *ret_bytes,
		      uint32_t size);
/* The end: checks; spoils what was not written when @is_spoiling. */
void hw_sim_lent_return(struct hw_sim_flight *flight, bool is_spoiling);
void hw_sim_lent_free(struct hw_sim_flight *flight);

#endif
