/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: no mail is lost or runs twice, mails of one sender stay in order, a sleeping receiver is
 *       always woken; a delivery may post again, the same mail, too.
 * Method: alone on one thread for the rules; then real threads with real rings (built with TSan
 *         for races): many senders, and a ping-pong that sleeps between any two mails, where a lost
 *         wake-up shows as a wait that runs into its limit.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/loop/mailbox.h"

#define SENDERS       4U
#define SENDER_MAILS  20000U
#define MAILS_IN_AIR  64U
#define PING_ROUNDS   100000U
#define WAIT_LIMIT_MS 5000U /* a wait that takes this long was a lost wake-up */

static struct hw_ring *ring_new(void)
{
	struct hw_ring_options options = {.in_flight_max = 64, .file_slots = 1};
	struct hw_ring *ring = NULL;
	int r = hw_ring_init(&ring, &options);
	if (r < 0) {
		fail_msg("this machine gives no io_uring (%d): sysctl kernel.io_uring_disabled, or "
			 "seccomp; the daemon cannot run here",
			 r);
	}
	return ring;
}

/* Sleep until there is mail, as reactor.c does it. */
static void sleep_for_mail(struct hw_mailbox *box, struct hw_ring *ring)
{
	uint32_t wait_ms = hw_mailbox_sleep_begin(box) ? WAIT_LIMIT_MS : 0;
	uint64_t begun_us = hw_clock_monotonic_us();
	int r = hw_ring_turn(ring, wait_ms, 64);
	hw_mailbox_sleep_end(box);
	hw_assert(r >= 0);
	hw_assert(hw_clock_monotonic_us() - begun_us < (uint64_t)WAIT_LIMIT_MS * 1000U);
}

/* -- alone */

struct letter {
	struct hw_mail mail;
	uint32_t number;
};

static uint32_t g_expected;
static struct hw_mailbox g_box;
static struct hw_ring *g_ring;

static void in_order(struct hw_mail *mail)
{
	struct letter *letter = hw_container_of(mail, struct letter, mail);
	assert_int_equal(letter->number, g_expected);
	g_expected++;
}

static void test_order_and_limits(void **state)
{
	(void)state;
	struct letter letters[10];
	g_ring = ring_new();
	assert_int_equal(hw_ring_enable(g_ring), 0);
	hw_mailbox_init(&g_box, hw_ring_fd(g_ring));
	assert_int_equal(hw_mailbox_deliver(&g_box, 100), 0);
	for (uint32_t i = 0; i < 10; i++) {
		letters[i] = (struct letter){.mail = {.deliver = in_order}, .number = i};
		hw_mailbox_post(&g_box, g_ring, &letters[i].mail);
	}
	g_expected = 0;
	assert_int_equal(hw_mailbox_deliver(&g_box, 0), 0);
	assert_int_equal(hw_mailbox_deliver(&g_box, 3), 3);
	assert_false(hw_mailbox_sleep_begin(&g_box)); /* seven are left, taken over already */
	letters[0].number = 10;
	hw_mailbox_post(&g_box, g_ring, &letters[0].mail); /* behind those seven */
	assert_int_equal(hw_mailbox_deliver(&g_box, 100), 8);
	assert_int_equal(g_expected, 11);
	assert_true(hw_mailbox_sleep_begin(&g_box));
	hw_mailbox_sleep_end(&g_box);
	letters[0].number = 11;
	hw_mailbox_post(&g_box, g_ring, &letters[0].mail);
	assert_false(hw_mailbox_sleep_begin(&g_box));
	assert_int_equal(hw_mailbox_deliver(&g_box, 1), 1);
	hw_ring_deinit(g_ring);
}

static void post_again(struct hw_mail *mail)
{
	struct letter *letter = hw_container_of(mail, struct letter, mail);
	if (++letter->number < 5) {
		hw_mailbox_post(&g_box, g_ring, mail);
	}
}

static void test_a_delivery_may_post_itself(void **state)
{
	(void)state;
	struct letter letter = {.mail = {.deliver = post_again}};
	g_ring = ring_new();
	assert_int_equal(hw_ring_enable(g_ring), 0);
	hw_mailbox_init(&g_box, hw_ring_fd(g_ring));
	hw_mailbox_post(&g_box, g_ring, &letter.mail);
	assert_int_equal(hw_mailbox_deliver(&g_box, 2), 2); /* bounded, though it goes on */
	assert_int_equal(hw_mailbox_deliver(&g_box, 100), 3);
	assert_int_equal(letter.number, 5);
	hw_ring_deinit(g_ring);
}

/* -- many senders, one receiver; each mail goes back to its sender's own box */

struct sender {
	struct hw_mailbox box; /* where its mails come home to */
	pthread_t thread;
	struct hw_ring *ring;
	struct receiver *receiver;
	uint32_t home_count;
	uint32_t expected; /* the receiver's: the next number of this sender */
};

struct receiver {
	struct hw_mailbox box;
	struct hw_ring *ring;
	uint32_t count;
};

struct parcel {
	struct hw_mail mail;
	struct sender *sender;
	uint32_t number;
	bool is_home;
};

static void come_home(struct hw_mail *mail)
{
	struct parcel *parcel = hw_container_of(mail, struct parcel, mail);
	hw_assert(!parcel->is_home);
	parcel->is_home = true;
	parcel->sender->home_count++;
}

static void arrive(struct hw_mail *mail)
{
	struct parcel *parcel = hw_container_of(mail, struct parcel, mail);
	struct sender *sender = parcel->sender;
	hw_assert(parcel->number == sender->expected); /* first in, first out */
	sender->expected++;
	struct receiver *receiver = sender->receiver;
	receiver->count++;
	mail->deliver = come_home;
	hw_mailbox_post(&sender->box, receiver->ring, mail);
}

/* Send off each parcel that is at home, as long as there are mails to send. */
static void parcels_send(struct sender *sender, struct parcel *parcels, uint32_t *sent)
{
	for (uint32_t i = 0; i < MAILS_IN_AIR && *sent < SENDER_MAILS; i++) {
		if (parcels[i].is_home) {
			parcels[i].is_home = false;
			parcels[i].number = (*sent)++;
			parcels[i].mail.deliver = arrive;
			hw_mailbox_post(&sender->receiver->box, sender->ring, &parcels[i].mail);
		}
	}
}

static void *sender_run(void *user)
{
	struct sender *sender = user;
	struct parcel *parcels = calloc(MAILS_IN_AIR, sizeof(*parcels));
	hw_assert(parcels != NULL);
	int r = hw_ring_enable(sender->ring);
	hw_assert(r == 0);
	uint32_t sent = 0;
	for (uint32_t i = 0; i < MAILS_IN_AIR; i++) {
		parcels[i] = (struct parcel){.sender = sender, .is_home = true};
	}
	while (sender->home_count < SENDER_MAILS) {
		parcels_send(sender, parcels, &sent);
		if (hw_mailbox_deliver(&sender->box, MAILS_IN_AIR) == 0) {
			sleep_for_mail(&sender->box, sender->ring);
		}
	}
	free(parcels);
	return NULL;
}

static void test_many_senders(void **state)
{
	(void)state;
	static struct sender senders[SENDERS];
	static struct receiver receiver;
	receiver = (struct receiver){.ring = ring_new()};
	assert_int_equal(hw_ring_enable(receiver.ring), 0);
	hw_mailbox_init(&receiver.box, hw_ring_fd(receiver.ring));
	for (uint32_t i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){.ring = ring_new(), .receiver = &receiver};
		hw_mailbox_init(&senders[i].box, hw_ring_fd(senders[i].ring));
	}
	for (uint32_t i = 0; i < SENDERS; i++) {
		assert_int_equal(pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]),
				 0);
	}
	while (receiver.count < SENDERS * SENDER_MAILS) {
		if (hw_mailbox_deliver(&receiver.box, 100) == 0) {
			sleep_for_mail(&receiver.box, receiver.ring);
		}
	}
	/* The last wakes are submitted with a turn. */
	assert_true(hw_ring_turn(receiver.ring, 0, 64) >= 0);
	for (uint32_t i = 0; i < SENDERS; i++) {
		assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
		assert_int_equal(senders[i].home_count, SENDER_MAILS);
		hw_ring_deinit(senders[i].ring);
	}
	hw_ring_deinit(receiver.ring);
}

/* -- ping-pong: both sides sleep before each mail, so each needs its wake-up */

struct player {
	struct hw_mailbox box;
	struct hw_ring *ring;
	struct player *other;
	uint32_t count;
};

struct ball {
	struct hw_mail mail;
	struct player *at;
};

static void catch_ball(struct hw_mail *mail)
{
	struct ball *ball = hw_container_of(mail, struct ball, mail);
	struct player *player = ball->at;
	player->count++;
	ball->at = player->other;
	hw_mailbox_post(&player->other->box, player->ring, mail);
}

static void play(struct player *player, uint32_t count)
{
	while (player->count < count) {
		sleep_for_mail(&player->box, player->ring);
		/* Its count goes up, then the ball leaves. */
		(void)hw_mailbox_deliver(&player->box, 1); /* 0: woken early */
	}
	int r = hw_ring_turn(player->ring, 0, 64); /* send the last wake-up off */
	hw_assert(r >= 0);
}

static void *pong_run(void *user)
{
	struct player *pong = user;
	int r = hw_ring_enable(pong->ring);
	hw_assert(r == 0);
	play(pong, PING_ROUNDS);
	return NULL;
}

static void test_no_wake_up_is_lost(void **state)
{
	(void)state;
	static struct player ping;
	static struct player pong;
	static struct ball ball;
	pthread_t thread;
	ping = (struct player){.ring = ring_new(), .other = &pong};
	pong = (struct player){.ring = ring_new(), .other = &ping};
	hw_mailbox_init(&ping.box, hw_ring_fd(ping.ring));
	hw_mailbox_init(&pong.box, hw_ring_fd(pong.ring));
	assert_int_equal(hw_ring_enable(ping.ring), 0);
	ball = (struct ball){.mail = {.deliver = catch_ball}, .at = &pong};
	assert_int_equal(pthread_create(&thread, NULL, pong_run, &pong), 0);
	hw_mailbox_post(&pong.box, ping.ring, &ball.mail);
	play(&ping, PING_ROUNDS);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(ping.count, PING_ROUNDS);
	assert_int_equal(pong.count, PING_ROUNDS);
	hw_ring_deinit(ping.ring);
	hw_ring_deinit(pong.ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_limits),
		cmocka_unit_test(test_a_delivery_may_post_itself),
		cmocka_unit_test(test_many_senders),
		cmocka_unit_test(test_no_wake_up_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
