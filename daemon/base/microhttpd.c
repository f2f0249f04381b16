/* SPDX-License-Identifier: MIT */
/* libmicrohttpd, loaded by a process when it begins to serve HTTP, or linked into a static program. */
#include "base/microhttpd.h"

#ifdef HAVE_MICROHTTPD

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include "base/media.h"

struct microhttpd microhttpd;

#ifdef STATIC_PROGRAM
int microhttpd_load(struct text *why maybe_unused)
{
#define FUNCTION(name) microhttpd.name = MHD_##name;
	MICROHTTPD_FUNCTIONS(FUNCTION)
#undef FUNCTION
	return 0;
}
#else
int microhttpd_load(struct text *why)
{
	void *library = dlopen(LIBMICROHTTPD_SONAME, RTLD_NOW | RTLD_LOCAL);
	bool whole = library;

#define FUNCTION(name) whole = whole && (*(void **)&microhttpd.name = dlsym(library, "MHD_" #name));
	MICROHTTPD_FUNCTIONS(FUNCTION)
#undef FUNCTION
	if (!whole)
		text_add(why, dlerror());
	return whole ? 0 : -ENOEXEC;
}
#endif

static enum MHD_Result read_field(void *wish, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	if (value && text_same_ignoring_case(name, MHD_HTTP_HEADER_ACCEPT))
		media_read(value, wish);
	return MHD_YES;
}

bool microhttpd_wants_openmetrics(struct MHD_Connection *c)
{
	struct media_wish wish = { 0 };

	(void)microhttpd.get_connection_values(c, MHD_HEADER_KIND, read_field, &wish);
	return media_wants_openmetrics(&wish);
}

enum MHD_Result microhttpd_send(struct MHD_Connection *c, const struct microhttpd_page *page)
{
	struct MHD_Response *r = microhttpd.create_response_from_buffer(page->n, page->bytes, MHD_RESPMEM_MUST_FREE);

	if (!r) {
		free(page->bytes);
		return MHD_NO;
	}
	(void)microhttpd.add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
	(void)microhttpd.add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (page->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)microhttpd.add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result result = microhttpd.queue_response(c, page->status, r);
	microhttpd.destroy_response(r);
	return result;
}

#endif
