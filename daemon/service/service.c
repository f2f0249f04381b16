/* SPDX-License-Identifier: MIT */
/* The table of all services, from services.def, and what is found by name. */
#include "service/service.h"

#include <string.h>

#include "service/chargen.h"
#include "service/daytime.h"
#include "service/discard.h"
#include "service/echo.h"
#include "service/hostname.h"
#include "service/info.h"
#include "service/qotd.h"
#include "service/stamp.h"
#include "service/tcpmux.h"
#include "service/time.h"

#define SERVICE(name_, rfc_, port_, transports_, possible_, traits_, state_bytes_, open_, input_, answer_, ...)             \
	{                                                                                                                   \
		.name = #name_,                                                                                             \
		.rfc = (rfc_),                                                                                              \
		.port = (port_),                                                                                            \
		.transports = (transports_),                                                                                \
		.possible = (possible_),                                                                                    \
		.traits = (traits_),                                                                                        \
		.state_bytes = (state_bytes_),                                                                              \
		.open = (open_),                                                                                            \
		.input = (input_),                                                                                          \
		.answer = (answer_),                                                                                        \
		.needs = { __VA_ARGS__ },                                                                                   \
	},
const struct service service_table[] = {
#include "service/services.def"
};
#undef SERVICE
const size_t service_table_n = array_n(service_table);

#define SERVICE(name_, rfc_, port_, transports_, possible_, traits_, state_bytes_, open_, input_, answer_, ...)             \
	_Static_assert((state_bytes_) <= SVC_STATE_MAX, "the state of " #name_ " fits a session");
#include "service/services.def"
#undef SERVICE

static const struct {
	enum transport transport;
	const char *name;
} transports[] = {
	{ TRANSPORT_TCP, "tcp" },
	{ TRANSPORT_UDP, "udp" },
	{ TRANSPORT_UNIX, "unix" },
	{ TRANSPORT_UNIXGRAM, "unixgram" },
	{ TRANSPORT_UNIXPACKET, "unixpacket" },
};

const struct service *service_find(const char *name)
{
	for (size_t i = 0; i < service_table_n; i++)
		if (strcmp(service_table[i].name, name) == 0)
			return &service_table[i];
	return NULL;
}

unsigned service_transport_from_name(const char *name)
{
	for (size_t i = 0; i < array_n(transports); i++)
		if (strcmp(transports[i].name, name) == 0)
			return transports[i].transport;
	return 0;
}

const char *service_transport_name(enum transport t)
{
	for (size_t i = 0; i < array_n(transports); i++)
		if (transports[i].transport == t)
			return transports[i].name;
	return NULL;
}
