import "reflect-metadata";
import {
  BadRequestException,
  Body,
  type CallHandler,
  Controller,
  type ExecutionContext,
  HttpCode,
  Module,
  type NestInterceptor,
  type PipeTransform,
  Post,
  UseInterceptors,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import { map } from "rxjs";
import { changeByHand } from "../change-by-hand.ts";
import type { OpenCallServer } from "../contender.ts";
import { CHANGE_PATH, type ChangeInput, changeInput, changeOutput } from "../order.ts";

/** The pipe of Nest's documentation for schemas of Zod. */
const validated: PipeTransform = {
  transform: (value: unknown) => {
    const read = changeInput.safeParse(value);
    if (read.success) return read.data;
    throw new BadRequestException(read.error.issues);
  },
};

const answering: NestInterceptor = {
  intercept: (_context: ExecutionContext, next: CallHandler) =>
    next.handle().pipe(map((value: unknown) => changeOutput.parse(value))),
};

/**
 * Nest on Fastify, its faster platform, with a pipe for what comes and an interceptor for what goes. Its decorators are
 * called as the functions that they are, since Node strips types and compiles nothing.
 */
export const openNest: OpenCallServer = async (server) => {
  const { change, [Symbol.asyncDispose]: closeDatabase } = changeByHand(server);
  class Orders {
    change(input: ChangeInput): ReturnType<typeof change> {
      return change(input);
    }
  }
  const method = Object.getOwnPropertyDescriptor(Orders.prototype, "change") ?? {};
  for (const decorate of [Post(CHANGE_PATH), HttpCode(200), UseInterceptors(answering)])
    decorate(Orders.prototype, "change", method);
  Body(validated)(Orders.prototype, "change", 0);
  Controller()(Orders);
  class App {}
  Module({ controllers: [Orders] })(App);
  const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false });
  await app.listen(0, "127.0.0.1");
  const url = await app.getUrl();
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await closeDatabase();
    },
  };
};
