/*
 * A PKCS#11 module that passes everything on to SoftHSM, says of its tokens that they have the flags of TOKEN_FLAGS, and
 * makes the file LOGIN_TRIED when somebody logs in. SoftHSM itself never locks a token.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long number;
enum { GET_FUNCTION_LIST = 3, GET_TOKEN_INFO = 6, LOGIN = 18, FUNCTIONS = 68, FLAGS_AT = 96 };

/* CK_FUNCTION_LIST and CK_TOKEN_INFO of PKCS#11 v2.40, as far as they are looked into. */
struct list {
  unsigned char version[2];
  void *functions[FUNCTIONS];
};

static struct list own;
static const struct list *real;

static number get_token_info(number slot, unsigned char *info) {
  number result = ((number(*)(number, unsigned char *))real->functions[GET_TOKEN_INFO])(slot, info);
  const char *more = getenv("TOKEN_FLAGS");
  number flags;
  if (result != 0 || more == NULL) return result;
  memcpy(&flags, info + FLAGS_AT, sizeof flags);
  flags |= strtoul(more, NULL, 16);
  memcpy(info + FLAGS_AT, &flags, sizeof flags);
  return result;
}

static number login(number session, number user, unsigned char *pin, number length) {
  const char *tried = getenv("LOGIN_TRIED");
  FILE *file = tried == NULL ? NULL : fopen(tried, "w");
  if (file != NULL) fclose(file);
  return ((number(*)(number, number, unsigned char *, number))real->functions[LOGIN])(session, user, pin, length);
}

number C_GetFunctionList(struct list **list) {
  void *library = dlopen(getenv("REAL_MODULE"), RTLD_NOW | RTLD_LOCAL);
  number (*get)(const struct list **) = library == NULL ? NULL : dlsym(library, "C_GetFunctionList");
  if (get == NULL || get(&real) != 0) return 5;
  own = *real;
  own.functions[GET_FUNCTION_LIST] = C_GetFunctionList;
  own.functions[GET_TOKEN_INFO] = get_token_info;
  own.functions[LOGIN] = login;
  *list = &own;
  return 0;
}
