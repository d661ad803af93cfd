import { pluginType } from '../../plugin-type.ts';

export const softReflectiveCeilingPolicy = pluginType({
  type: 'soft-reflective-ceiling-policy',
  kinds: ['usage-limit-policy'],
  alpha: true,
  about: 'The lower a priority and the fuller the pool, the more seldom its requests are sent. Beyond the ceiling 1 − rank × saturation / (priorities − 1) they have one chance in saturation / (1 − saturation): an attempt to send a request, or a millisecond without one.',
  parameters: {},
  create: () => {
    let chances = 0;
    let lastAt = -Infinity;
    return {
      limit(saturation, priorities, ceilings, now) {
        const others = priorities.length - 1;
        ceilings[0] = 1;
        for (let i = 1; i <= others; i++) ceilings[i] = saturation < 1 - (i * saturation) / others ? 1 : 0;
        // The lowest priority is the first to be beyond its ceiling. From 1 on nothing is sent.
        if (others === 0 || saturation < 1 - saturation || saturation >= 1) return Infinity;
        const period = Math.max(1, Math.round(saturation / (1 - saturation)));
        const passed = Number.isFinite(lastAt) ? Math.max(1, Math.floor(now - lastAt)) : 1;
        lastAt = now;
        const before = chances % period;
        chances = before + passed;
        // All priorities share the chance: a lower one never has it without those above.
        if (chances >= period) ceilings.fill(1, 0, others + 1);
        return period - (chances % period);
      },
    };
  },
});
